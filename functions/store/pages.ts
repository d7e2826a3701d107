import { type Item, queryPageMax, type Table } from './table.ts';

/**
 * Every item of a partition under a sort-key prefix, page by page, up to `itemsMax` (the caller's
 * bound on what it is ready to hold).
 */
export async function* itemsUnder(
  table: Table,
  pk: string,
  skPrefix: string,
  itemsMax: number,
): AsyncGenerator<Item> {
  let after: string | undefined;
  let remaining = itemsMax;
  do {
    const limit = Math.min(queryPageMax, remaining);
    const page = await table.query({
      pk,
      skPrefix,
      limit,
      ...(after !== undefined && { after }),
    });
    yield* page.items;
    remaining -= page.items.length;
    after = page.next;
  } while (after !== undefined && remaining > 0);
}
