import type { Cluster } from './cluster.ts';
import { endpointText } from './options.ts';

/** The example hub and user of the commands below. */
const example = { hub: 'office', user: 'alice', password: 'secret', account: 'fleet' } as const;
const dynamicHub = 2;

/** What a person needs once the cluster is ready: where it is, and how to connect to it. */
export function welcome(cluster: Cluster): string {
  const { frontDoor, admin } = cluster;
  const { hub, user, password, account } = example;
  const members = cluster
    .members()
    .map((member) => `  ${member.id}  ${endpointText(member).padEnd(21)}  ${member.state}`);
  const call = (method: string, params: Readonly<Record<string, unknown>>): string =>
    `  curl -sk ${admin.url} -H ${quoted(`X-VPNADMIN-PASSWORD: ${admin.password}`)} -d ${quoted(
      JSON.stringify({ jsonrpc: '2.0', id: '1', method, params }),
    )}`;
  const vpncmd = (command: string): string => `  vpncmd localhost /CLIENT /CMD ${command}`;
  return [
    '',
    `front door   ${endpointText(frontDoor)}`,
    `admin        ${admin.url}  password ${admin.password}`,
    ...(cluster.vpncmd === undefined
      ? []
      : [`vpncmd       vpncmd ${endpointText(cluster.vpncmd)} /SERVER`]),
    `logs         ${cluster.logFolder}`,
    `operator     . ${cluster.operatorFile}   then the AWS CLI is for this cluster`,
    ...(members.length === 0
      ? ['members      none yet; the first login calls one']
      : ['members', ...members]),
    '',
    'Make a hub and a user:',
    call('CreateHub', { HubName_str: hub, HubType_u32: dynamicHub, Online_bool: true }),
    call('CreateUser', {
      HubName_str: hub,
      Name_str: user,
      AuthType_u32: 1,
      Auth_Password_str: password,
    }),
    '',
    'Connect a SoftEther VPN Client (as root: vpnclient start):',
    vpncmd(`NicCreate ${account}`),
    vpncmd(
      `AccountCreate ${account} /SERVER:${endpointText(frontDoor)} /HUB:${hub} /USERNAME:${user} ` +
        `/NICNAME:${account}`,
    ),
    vpncmd(`AccountPasswordSet ${account} /PASSWORD:${password} /TYPE:standard`),
    vpncmd(`AccountConnect ${account}`),
    vpncmd(`AccountStatusGet ${account}`),
    '',
    'Ctrl-C ends everything.',
    '',
  ].join('\n');
}

/** One word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
