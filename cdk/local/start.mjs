// `npm start`. Plain JavaScript, because on a fresh clone there is nothing yet to run TypeScript
// with: installs what is missing, then hands over to main.ts in this same process.
import { installDependencies } from './install.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  process.stderr.write(`etherfleet needs Node.js 20.20 or later; this is ${process.version}\n`);
  process.exit(1);
}

installDependencies();

const { register } = await import('tsx/esm/api');
register();
await import('./main.ts');
