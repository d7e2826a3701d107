/** Values that are of no use for a field of the type its good value has, each with a name. */
export function wrongFor(good: unknown): readonly (readonly [what: string, value: unknown])[] {
  const always = [
    ['an object', { a: 1 }],
    ['a list of lists', [[1]]],
  ] as const;
  switch (typeof good) {
    case 'string':
      return [
        ...always,
        ['a number', 7],
        ['too long', 'x'.repeat(Math.max(30_000, good.length + 4))],
      ];
    case 'number':
      return [
        ...always,
        ['a text', 'seven'],
        ['negative', -1],
        ['a fraction', 0.5],
        ['too large', 2 ** 60],
        ['Infinity as text', 'Infinity'],
      ];
    case 'boolean':
      return [...always, ['a text', 'perhaps']];
    default:
      return Array.isArray(good)
        ? [
            ['a text', 'list'],
            ['of what is no entry', [null]],
            ['too long', new Array(shortJson(good[0]) ? 5_000 : 600).fill(good[0] ?? 'x')],
          ]
        : [
            ['a text', 'object'],
            ['empty', {}],
          ];
  }
}

function shortJson(value: unknown): boolean {
  return JSON.stringify(value ?? '').length < 100;
}
