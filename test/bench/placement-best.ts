/** The highest load once `placed` sessions were put where they weigh least; nobody moves. */
export function bestLevel(initial: readonly number[], placed: number): number {
  const sorted = [...initial].sort((a, b) => a - b);
  const highest = sorted.at(-1) ?? 0;
  let below = 0;
  let level = 0;
  for (const [index, load] of sorted.entries()) {
    if (index * load - below > placed) break;
    below += load;
    level = Math.ceil((below + placed) / (index + 1));
  }
  return Math.max(level, highest);
}

/**
 * Longest processing time first: the largest hub to the least loaded member, and so on; all sizes
 * known beforehand. The highest load is at most 4/3 of what any packing could reach, and with
 * hundreds of hubs a member practically equal to it.
 */
export function longestFirst(initial: readonly number[], sizes: readonly number[]): number[] {
  const heap = [...initial].sort((a, b) => a - b);
  for (const size of [...sizes].sort((a, b) => b - a)) {
    if (size === 0) break;
    heap[0] = (heap[0] ?? 0) + size;
    sink(heap);
  }
  return heap;
}

function sink(heap: number[]): void {
  let parent = 0;
  for (;;) {
    const left = 2 * parent + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const child = right < heap.length && at(heap, right) < at(heap, left) ? right : left;
    if (at(heap, parent) <= at(heap, child)) return;
    [heap[parent], heap[child]] = [at(heap, child), at(heap, parent)];
    parent = child;
  }
}

function at(heap: readonly number[], index: number): number {
  return heap[index] ?? Number.POSITIVE_INFINITY;
}
