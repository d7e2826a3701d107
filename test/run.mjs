// Runs every test this machine can run and says which it skipped and why. Plain JavaScript, because
// on a fresh clone nothing is installed yet: it installs first.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { env, execPath, exit, getuid, platform, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { installDependencies } from '../cdk/local/install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const interopFolder = join('test', 'interop');
/** For one file, all its tests; generous, because its only task is to end what hangs. */
const fileLimitMs = 300_000;
const genuinePrograms = ['vpnclient', 'vpncmd', 'vpnbridge', 'vpnserver'];
/** Command, and the Debian package that has it. */
const tools = new Map([
  ['ip', 'iproute2'],
  ['ss', 'iproute2'],
  ['ping', 'iputils-ping'],
]);

const usage = `Usage: npm test -- [options] [folders or files]

Run every test this machine can run, and say which are skipped and why.

  npm test                                              everything
  npm test -- test/shared                               only these folders or files
  npm test -- --test-name-pattern=redeem test/functions
Options are those of node --test.`;

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const places = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

if (options.includes('--help')) {
  say(usage);
  exit(0);
}
installDependencies();
const files = testFiles();
const interop = files.filter((file) => file.startsWith(interopFolder));
const others = files.filter((file) => !file.startsWith(interopFolder));
let failed = files.length === 0;
if (failed) say(`no test files in ${places.join(', ')}`);
if (others.length > 0) {
  failed = !runTests(others, availableParallelism()) || failed;
}
if (interop.length > 0) failed = !runInterop() || failed;
exit(failed ? 1 : 0);

/** Genuine programs, namespaces and clocks: one file at a time, and last. */
function runInterop() {
  const missing = whyNoInterop();
  if (missing.length === 0) {
    say(`interop: ${interop.length} files with genuine SoftEther programs, one after the other`);
    return runTests(interop, 1);
  }
  say(`SKIPPED: ${interop.length} files in ${interopFolder}, because`);
  for (const reason of missing) say(`  - ${reason}`);
  if (!env.CI) return true;
  say('CI is set: a skipped suite is a failure.');
  return false;
}

function runTests(paths, concurrency) {
  const settings = [
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${fileLimitMs}`,
  ];
  return run(execPath, ['--import', 'tsx', '--test', ...settings, ...options, ...paths]);
}

/** Node 20 does not expand patterns after --test. */
function testFiles() {
  const wanted = (places.length > 0 ? places : ['test']).map((place) => resolve(place));
  return readdirSync(join(root, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(root, 'test', name))
    .filter((file) => wanted.some((place) => file === place || file.startsWith(`${place}/`)))
    .map((file) => relative(root, file))
    .sort();
}

/** Everything that keeps the genuine programs from running here; empty when nothing does. */
function whyNoInterop() {
  const reasons = [];
  if (platform !== 'linux') return [`it needs Linux network namespaces, this is ${platform}`];
  if (getuid?.() !== 0) reasons.push('it needs root, for network namespaces');
  if (!existsSync('/dev/net/tun')) reasons.push('/dev/net/tun is missing');
  if (reasons.length === 0 && spawnSync('unshare', ['--net', '--mount', 'true']).status !== 0) {
    reasons.push('the system does not let this process make network namespaces');
  }
  const packages = [
    ...genuinePrograms
      .filter((name) => !existsSync(`/usr/libexec/softether/${name}/${name}`))
      .map((name) => `softether-${name}`),
    ...[...tools].filter(([name]) => !onPath(name)).map(([, debianPackage]) => debianPackage),
  ];
  if (packages.length > 0) {
    const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
    reasons.push(`programs are missing; Debian has them: ${install}`);
  }
  return reasons;
}

function onPath(name) {
  return (env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function say(line) {
  stdout.write(`${line}\n`);
}
