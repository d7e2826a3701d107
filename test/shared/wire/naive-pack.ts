/** One value as JSON shows it: numbers, bigints as text, blobs as hex. */
export type NaiveElement = { name: string; type: number; values: (number | string)[] };

/**
 * A second reader of PACK, written from `protocol/01` alone and without any care for limits: what
 * the real one must agree with.
 */
export function naiveDecode(hex: string): NaiveElement[] {
  let rest = hex;
  const take = (bytes: number): string => {
    if (rest.length < bytes * 2) throw new Error('short');
    const taken = rest.slice(0, bytes * 2);
    rest = rest.slice(bytes * 2);
    return taken;
  };
  const number = (): number => Number.parseInt(take(4), 16);
  const blob = (): string => take(number());
  const elements: NaiveElement[] = [];
  for (let left = number(); left > 0; left--) {
    const name = Buffer.from(take(number() - 1), 'hex').toString('latin1');
    const type = number();
    const values: (number | string)[] = [];
    for (let i = number(); i > 0; i--) {
      if (type === 0) values.push(number());
      else if (type === 4) values.push(BigInt(`0x${take(8)}`).toString());
      else values.push(blob());
    }
    elements.push({ name, type, values });
  }
  return elements;
}

export function naiveEncode(elements: readonly NaiveElement[]): string {
  const u32 = (value: number): string => value.toString(16).padStart(8, '0');
  const value = (type: number, given: number | string): string => {
    if (type === 0) return u32(Number(given));
    if (type === 4) return BigInt(given).toString(16).padStart(16, '0');
    return u32(String(given).length / 2) + given;
  };
  return (
    u32(elements.length) +
    elements
      .map(
        ({ name, type, values }) =>
          u32(name.length + 1) +
          Buffer.from(name, 'latin1').toString('hex') +
          u32(type) +
          u32(values.length) +
          values.map((each) => value(type, each)).join(''),
      )
      .join('')
  );
}
