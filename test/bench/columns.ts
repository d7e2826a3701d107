/** Rows under titles, each column as wide as its widest cell; numbers are flush right. */
export function columns(titles: readonly string[], body: readonly (readonly string[])[]): string {
  const all = [titles, ...body];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isNumber = titles.map((_, column) =>
    body.every((row) => /^[\d$.,%x-]*$/.test(row[column] ?? '')),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return isNumber[column] ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
