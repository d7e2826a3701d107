import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { bundle, memberProgram } from '../constructs/bundle.ts';
import { repositoryRoot } from '../constructs/repository-root.ts';

const [folderGiven = '.'] = new Command('npm run pack:agent --')
  .description('Pack the node agent for machines outside AWS: etherfleet-agent-VERSION.tgz.')
  .argument('[folder]', 'where to (default: here)')
  .showHelpAfterError('(--help lists what there is)')
  .parse().args;

const files = ['etherfleet-agent@.service', 'agent.example.json', 'README.md'];
const { version, license, engines } = JSON.parse(
  readFileSync(join(repositoryRoot, 'package.json'), 'utf8'),
);
const target = resolve(folderGiven);
const folder = join(repositoryRoot, '.local', 'agent-package');

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
mkdirSync(target, { recursive: true });
bundle(memberProgram, folder);
for (const name of files) {
  copyFileSync(fileURLToPath(new URL(name, import.meta.url)), join(folder, name));
}
const command = 'etherfleet-agent.mjs';
const lines = [
  '#!/usr/bin/env -S node --enable-source-maps --max-semi-space-size=2',
  `import './${memberProgram.fileName}';`,
  '',
];
writeFileSync(join(folder, command), lines.join('\n'), { mode: 0o755 });
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify(
    {
      name: 'etherfleet-agent',
      ...{ version, license, engines },
      description: 'The etherfleet node agent for machines outside AWS',
      type: 'module',
      bin: { 'etherfleet-agent': command },
      files: [command, memberProgram.fileName, `${memberProgram.fileName}.map`, ...files],
    },
    undefined,
    2,
  )}\n`,
);
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', target], {
  cwd: folder,
  encoding: 'utf8',
});
process.stdout.write(`${join(target, packed.trim())}\n`);
