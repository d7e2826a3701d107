import { readFileSync } from 'node:fs';
import process, { argv, env, stderr, stdout } from 'node:process';
import { adminCallOver } from './admin-client.ts';
import { run } from './program.ts';

process.exitCode = await run(argv.slice(2), {
  callOver: adminCallOver,
  variable: (name) => env[name],
  file: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined; // whoever needs it says what is missing
    }
  },
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
});
