/** Lambda ends a chain of invocations in which one function came this often; it says "about". */
export const chainMax = 16;

/** How often each function was invoked so far, by name. */
type Counts = ReadonlyMap<string, number>;

const field = 'Lineage=';

/**
 * The chain of one more invocation of a function, by messages that came of earlier invocations:
 * `headers` are those messages' trace headers. What the function sends carries `header` along, the
 * AWS SDK sees to that.
 */
export function nextInChain(
  headers: readonly string[],
  name: string,
): { readonly header: string; readonly count: number } {
  const counts = new Map<string, number>();
  for (const header of headers) {
    for (const [one, count] of countsOf(header)) {
      counts.set(one, Math.max(count, counts.get(one) ?? 0));
    }
  }
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  const lineage = [...counts].map((entry) => entry.join(':')).join('|');
  return { header: `Root=1-0-0;Sampled=0;${field}${lineage}`, count };
}

function countsOf(header: string): Counts {
  const lineage = header.split(';').find((part) => part.startsWith(field)) ?? '';
  const entries = lineage.slice(field.length).split('|');
  return new Map(
    entries.flatMap((entry) => {
      const [name = '', count = ''] = entry.split(':');
      return /^\d+$/.test(count) ? [[name, Number(count)] as const] : [];
    }),
  );
}
