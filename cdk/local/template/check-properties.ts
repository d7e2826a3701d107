import { type KnownProperties, knownProperties } from './known-properties.ts';
import { TemplateError } from './template.ts';

/** A property that is neither acted upon here nor left aside for a reason is an error. */
export function checkProperties(type: string, properties: unknown, at: string): void {
  const known = knownProperties[type];
  if (known !== undefined) checkBelow(known, type, properties, '', at);
}

function checkBelow(
  known: KnownProperties,
  type: string,
  value: unknown,
  path: string,
  at: string,
): void {
  for (const [name, item] of namedItems(value)) {
    const full = path === '' ? name : `${path}.${name}`;
    if (known.used.includes(full) || known.aside?.[full] !== undefined) continue;
    if (!isOnTheWay(known, full)) {
      throw new TemplateError(
        `${at}: the local stack does not know the property ${full} of ${type}; ` +
          'teach it to the module that deploys the type and list it in ' +
          'cdk/local/template/known-properties.ts, or say there why it means nothing here',
      );
    }
    checkBelow(known, type, item, full, at);
  }
}

/** Whether something below this path is known. */
function isOnTheWay({ used, aside }: KnownProperties, path: string): boolean {
  const paths = [...used, ...Object.keys(aside ?? {})];
  return paths.some((candidate) => candidate.startsWith(`${path}.`));
}

/** Properties by name; those of a list's items, whose `{Key, Value}` is a property too. */
function namedItems(value: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(value)) return value.flatMap((item) => namedItems(item));
  if (typeof value !== 'object' || value === null) return [];
  const { Key: key, Value: item } = value as Readonly<Record<string, unknown>>;
  if (typeof key === 'string' && Object.keys(value).length === 2) return [[key, item]];
  return Object.entries(value);
}
