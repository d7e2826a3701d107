// Stands in for systemd on one ec2Instance: runs the unit's program, once for each process, and
// starts it again by the unit's rules. It is the machine: when it ends, so does everything below it
// (it leads a process group). It ends when all processes are done.
//
//   node unit.mjs '{"processes":…,"restartMs":…,"doneStatuses":[…],"stopMs":…}' PROGRAM ARGUMENT…
//
// In arguments %i stands for the number of the process.
import { spawn } from 'node:child_process';

const [rules, program, ...args] = process.argv.slice(2);
const { processes, restartMs, doneStatuses, stopMs } = JSON.parse(rules);
const agents = new Map();
let undone = processes;
let stopping = false;

function start(number) {
  const own = args.map((argument) => argument.replaceAll('%i', String(number)));
  const agent = spawn(program, own, { stdio: ['ignore', 'inherit', 'inherit'] });
  agents.set(number, agent);
  if (process.connected) process.send({ process: number, agentPid: agent.pid });
  agent.once('error', (error) => ended(number, 1, error.message));
  agent.once('exit', (status, signal) => ended(number, status, signal));
}

function ended(number, status, signal) {
  agents.delete(number);
  const isDone = doneStatuses.includes(status);
  if (isDone) undone -= 1;
  if (undone === 0 || (stopping && agents.size === 0)) process.exit(status ?? 0);
  if (stopping || isDone) return;
  console.log(
    JSON.stringify({ event: 'unit.restarts', process: number, status, signal, restartMs }),
  );
  setTimeout(() => {
    if (!stopping) start(number);
  }, restartMs);
}

process.on('SIGTERM', () => {
  if (stopping) return;
  stopping = true;
  if (agents.size === 0) process.exit(0);
  for (const agent of agents.values()) agent.kill('SIGTERM');
  setTimeout(() => {
    for (const agent of agents.values()) agent.kill('SIGKILL');
  }, stopMs);
});
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));

for (let number = 0; number < processes; number += 1) start(number);
