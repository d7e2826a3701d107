// `npm start`. Plain JavaScript, because on a fresh clone there is nothing yet to run TypeScript
// with: installs what is missing, then hands over to main.ts in this same process.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  process.stderr.write(`etherfleet needs Node.js 20.20 or later; this is ${process.version}\n`);
  process.exit(1);
}

if (changedMs('node_modules/.package-lock.json') < changedMs('package-lock.json')) {
  process.stderr.write('installing dependencies (npm ci) ...\n');
  const { status } = spawnSync('npm', ['ci'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('npm ci failed; the cluster cannot start without its dependencies\n');
    process.exit(1);
  }
}

const { register } = await import('tsx/esm/api');
register();
await import('./main.ts');

/** When a file was last changed; a missing one never was. */
function changedMs(path) {
  return statSync(`${root}/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
