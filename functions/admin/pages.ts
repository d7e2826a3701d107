import { methods } from './methods.ts';

/** What a browser shows whose user did not prove to be an administrator. */
export const unauthorizedPage = page(
  '401 Unauthorized',
  `<p>Administrators prove themselves with each request.</p>
<ul>
<li>HTTP Basic: user <code>administrator</code> (or none) and the server's password, or a Virtual
Hub's name and its password.</li>
<li>Headers: <code>X-VPNADMIN-PASSWORD</code> and, for the administrator of a Virtual Hub,
<code>X-VPNADMIN-HUBNAME</code>.</li>
</ul>`,
);

/** What a browser shows where too many wrong passwords came from. */
export const throttledPage = page(
  '429 Too Many Requests',
  '<p>Too many wrong passwords came from this address. None is looked at for a while.</p>',
);

/** Basic's realm, which browsers show. */
export const realm = 'administrator for the server, or the name of a Virtual Hub for its own';

const callers = {
  server: 'server administrators',
  hub: 'server administrators, and those of the hub in <code>HubName_str</code>',
  any: 'every administrator',
} as const;

/** The answer to `GET /api/`: what can be called. */
export const manualPage = page(
  'etherfleet: JSON-RPC',
  `<p>SoftEther VPN Server's JSON-RPC API. Send, as <code>POST /api/</code>:</p>
<pre>{"jsonrpc": "2.0", "id": "1", "method": "Test", "params": {"IntValue_u32": 7}}</pre>
<p>with <code>X-VPNADMIN-PASSWORD</code> and, to administer one Virtual Hub only,
<code>X-VPNADMIN-HUBNAME</code>. Other methods are answered with error 33.</p>
<table>
<tr><th>Method</th><th>Who may call it</th></tr>
${Object.entries(methods)
  .map(([name, { auth }]) => `<tr><td>${name}</td><td>${callers[auth]}</td></tr>`)
  .join('\n')}
</table>
<p>Not in SoftEther's own API:</p>
<ul>
${Object.entries(methods)
  .flatMap(([name, { added }]) => (added === undefined ? [] : [`<li>${name}: ${added}</li>`]))
  .join('\n')}
</ul>`,
);

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1>
${body}
</body></html>
`;
}
