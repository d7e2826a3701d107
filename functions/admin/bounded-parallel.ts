/** Calls to the table one request makes at a time. */
const parallelMax = 16;

/** `task` for each item, at most `parallelMax` at a time; the results in the items' order. */
export async function inParallel<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < parallelMax) continue;
    results.push(...(await Promise.all(batch.map(task))));
    batch = [];
  }
  results.push(...(await Promise.all(batch.map(task))));
  return results;
}

/** How many items there are. */
export async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count += 1;
  return count;
}
