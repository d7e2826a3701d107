// Stands in for systemd on one ec2Instance: runs the unit's program and starts it again by the
// unit's rules. It is the machine: when it ends, so does everything below it (it leads a process
// group).
//
//   node unit.mjs '{"restartMs":…,"doneStatuses":[…],"stopMs":…}' PROGRAM ARGUMENT…
import { spawn } from 'node:child_process';

const [rules, program, ...args] = process.argv.slice(2);
const { restartMs, doneStatuses, stopMs } = JSON.parse(rules);
let agent;
let stopping = false;

function start() {
  agent = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (process.connected) process.send({ agentPid: agent.pid });
  agent.once('error', (error) => ended(1, error.message));
  agent.once('exit', (status, signal) => ended(status, signal));
}

function ended(status, signal) {
  agent = undefined;
  if (stopping || doneStatuses.includes(status)) process.exit(status ?? 0);
  console.log(JSON.stringify({ event: 'unit.restarts', status, signal, restartMs }));
  setTimeout(() => {
    if (!stopping) start();
  }, restartMs);
}

process.on('SIGTERM', () => {
  if (stopping) return;
  stopping = true;
  if (agent === undefined) process.exit(0);
  agent.kill('SIGTERM');
  setTimeout(() => agent?.kill('SIGKILL'), stopMs);
});
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));

start();
