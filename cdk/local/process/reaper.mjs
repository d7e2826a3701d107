// Ends the local stack's child processes if the stack itself dies without doing so (kill -9, a
// crash). It is told process ids over IPC; when that channel closes, those still listed are killed.
const pids = new Set();

process.on('message', ({ add, remove }) => {
  if (add !== undefined) pids.add(add);
  if (remove !== undefined) pids.delete(remove);
});

process.on('disconnect', () => {
  for (const pid of pids) {
    // Some lead a process group, and take it with them.
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch {
        // it ended by itself, or leads nobody
      }
    }
  }
  process.exit(0);
});
