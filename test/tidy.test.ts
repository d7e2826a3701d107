import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The architecture as a test: what may know what, and what no file may contain. */
const root = fileURLToPath(new URL('..', import.meta.url));
const source = ['cdk', 'functions', 'node-agent', 'shared'];

/** Files in `from` (except those in `exempt`) must not import what `to` matches. */
interface Rule {
  readonly from: string;
  readonly exempt?: readonly string[];
  /** Matched against the repository path of our own modules, else the package or node: name. */
  readonly to: RegExp;
  readonly because: string;
}

const awsSdk = /^@aws-sdk\//;
const sockets = /^(node:(net|tls|http|https|http2|dgram)|undici|koffi)$/;
const rules: readonly Rule[] = [
  {
    from: 'shared/kernel',
    to: /^(?!shared\/kernel\/)/,
    because: 'everything stands on the kernel; it stands on nothing',
  },
  {
    from: 'shared/wire',
    to: /^(?!shared\/(kernel|wire)\/|node:(crypto|net)$)/,
    because:
      'formats are bytes in, bytes out (node:crypto digests, node:net tells an IP from a name)',
  },
  {
    from: 'shared/contract',
    to: /^(?!shared\/|zod$)/,
    because: 'the contract is data and its schemas, for both planes',
  },
  {
    from: 'shared',
    to: /^(cdk|functions|node-agent)\//,
    because: 'what both planes agree on depends on neither',
  },
  {
    from: 'functions/domain',
    to: /^(?!shared\/|functions\/domain\/|node:crypto$)/,
    because: 'decisions are pure: everything they need is an argument',
  },
  {
    from: 'functions',
    exempt: ['functions/aws', 'functions/wiring.ts'],
    to: awsSdk,
    because: 'only adapters know the AWS SDK; the rest knows ports',
  },
  { from: 'node-agent', to: awsSdk, because: 'a member knows the agent API and nothing of AWS' },
  { from: 'node-agent', to: /^functions\//, because: 'the planes meet in shared or not at all' },
  { from: 'functions', to: /^node-agent\//, because: 'the planes meet in shared or not at all' },
  {
    from: 'node-agent/stream',
    to: /^(?!node-agent\/stream\/|shared\/kernel\/|shared\/wire\/wire-error\.ts$|node:zlib$)/,
    because: 'the stream codec is bytes in, frames out; a broken peer is a WireError',
  },
  {
    from: 'node-agent/switch',
    to: /^(?!node-agent\/switch\/|shared\/kernel\/)/,
    because: 'the switch knows frames and attachments, not where they come from',
  },
  {
    from: 'node-agent',
    exempt: ['listener', 'dial', 'control', 'main.ts', 'config.ts'].map(
      (name) => `node-agent/${name}`,
    ),
    to: sockets,
    because: 'sockets stay where connections begin and end (config.ts only asks isIP)',
  },
  {
    from: 'cdk',
    exempt: ['cdk/local/demo'], // its clients are real ones
    to: /^(node-agent\/|functions\/(?!env\.ts$))/,
    because: 'the template carries names and numbers, never behaviour',
  },
  ...source.map((from) => ({
    from,
    to: /^test\//,
    because: 'tests know the code, never reversed',
  })),
];

/** Words only composition roots may say, and what everybody else uses. */
const banned: readonly { word: RegExp; instead: string }[] = [
  { word: /\bDate\.now\(|\bnew Date\(\)/, instead: 'Clock.nowMs' },
  { word: /\bperformance\.now\(|\bhrtime\b/, instead: 'Clock.monotonicMs' },
  { word: /\bMath\.random\(|\brandomBytes\(|\brandomUUID\(/, instead: 'Random' },
  { word: /\b(setTimeout|setInterval|setImmediate)\(/, instead: 'Timers.after' },
  { word: /\bprocess\.env\b/, instead: 'a parameter; main, wiring and handlers read it' },
  { word: /(?<![.#\w])fetch\(/, instead: 'a port passed in' },
  { word: /\bconsole\./, instead: 'Log' },
];
const compositionRoots = /(^(cdk|test)\/|\/(main|wiring|handler|system)\.ts$)/;

const linesMax = 400;
const columnsMax = 100;

const files = [...source, 'test', '.'].flatMap(listed);
const code = files.filter((file) => /\.(ts|mts|mjs|js)$/.test(file));

test('imports follow the architecture', () => {
  const broken = code.flatMap((file) =>
    importsOf(file).flatMap((target) =>
      rules
        .filter((rule) => within(file, rule.from) && rule.to.test(target))
        .filter((rule) => !rule.exempt?.some((folder) => within(file, folder)))
        .map((rule) => `${file} imports ${target}: ${rule.because}`),
    ),
  );
  assert.deepEqual(broken, []);
});

test('every folder a rule names is there, so that no rule guards nothing', () => {
  const named = rules.flatMap(({ from, exempt = [] }) => [from, ...exempt]);
  assert.deepEqual(
    [...new Set(named)].filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test('time, chance, environment and network are passed in', () => {
  const said = code
    .filter((file) => !compositionRoots.test(file))
    .flatMap((file) =>
      banned
        .filter(({ word }) => word.test(withoutComments(read(file))))
        .map(({ word, instead }) => `${file} says ${word.source}: use ${instead}`),
    );
  assert.deepEqual(said, []);
});

test('files and lines are short', () => {
  const long = code.flatMap((file) => {
    const lines = read(file).trimEnd().split('\n');
    const wide = lines.flatMap((line, i) =>
      line.length > columnsMax ? [`${file}:${i + 1} is wider than ${columnsMax}`] : [],
    );
    return lines.length > linesMax ? [`${file} has ${lines.length} lines`, ...wide] : wide;
  });
  assert.deepEqual(long, []);
});

test('no default exports, no skipped or lonely tests, no notes to self', () => {
  const notes = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
  const patterns = [/^export default\b/m, /\b(test|it|describe|suite)\.(skip|only|todo)\b/, notes];
  const found = code.flatMap((file) =>
    patterns.filter((pattern) => pattern.test(read(file))).map((pattern) => `${file}: ${pattern}`),
  );
  assert.deepEqual(found, []);
});

test('links in Markdown lead to something', () => {
  const markdown = [...files, ...listed('docs')].filter((file) => file.endsWith('.md'));
  const dead = markdown.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(root, dirname(file), target)))
      .map((target) => `${file} links to ${target}`),
  );
  assert.deepEqual(dead, []);
});

test('every folder is explained in docs/architecture.md, and none that is not there', () => {
  const [, section = ''] = read('docs/architecture.md').split('\n## Folders\n');
  const explained = [...section.matchAll(/^\| `([^`]+)` \|/gm)].flatMap(([, name = '']) =>
    alternatives(name),
  );
  const folders = [...source, 'test'].flatMap((top) =>
    readdirSync(join(root, top), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${top}/${name}`),
  );
  assert.deepEqual(explained.sort(), folders.sort());
});

test('every decision is in the index, under its title', () => {
  const index = read('docs/adr/README.md');
  const missing = listed('docs/adr')
    .filter((file) => /\/\d{4}-/.test(file))
    .filter((file) => {
      const [, number, title] = /^# (\d{4}) (.+)$/m.exec(read(file)) ?? [];
      return !index.includes(`- [${number}](${posix.basename(file)}) ${title}\n`);
    });
  assert.deepEqual(missing, []);
});

/** `a/{b,c}` is `a/b` and `a/c`. */
function alternatives(text: string): string[] {
  const [, lead = '', names] = /^(.*)\{(.*)\}$/.exec(text) ?? [];
  return names === undefined ? [text] : names.split(',').map((name) => lead + name);
}

function listed(folder: string): string[] {
  const recursive = folder !== '.';
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): string[] {
  const statements = /\b(?:from |import |import\()'([^'\s]+)'/g;
  return [...withoutComments(read(file)).matchAll(statements)].map(([, specifier = '']) => {
    if (specifier.startsWith('.')) return posix.join(dirname(file), specifier);
    return specifier.replace(/^#/, '');
  });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*/g, '$1');
}

function within(file: string, path: string): boolean {
  return file === path || file.startsWith(`${path}/`);
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
