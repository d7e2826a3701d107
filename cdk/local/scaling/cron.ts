import { TemplateError } from '../template/template.ts';

interface Field {
  readonly least: number;
  readonly most: number;
  /** Names of the values, from the least on. */
  readonly names?: readonly string[];
}

const fields = {
  minute: { least: 0, most: 59 },
  hour: { least: 0, most: 23 },
  day: { least: 1, most: 31 },
  month: {
    least: 1,
    most: 12,
    names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' '),
  },
  /** 7 is Sunday too. */
  weekday: { least: 0, most: 7, names: 'SUN MON TUE WED THU FRI SAT'.split(' ') },
} as const satisfies Readonly<Record<string, Field>>;

type Name = keyof typeof fields;
type Parts = Readonly<Record<Name, number>>;

/** Five cron fields, as scheduled actions of EC2 Auto Scaling take them. */
export class Cron {
  private readonly values: Readonly<Record<Name, ReadonlySet<number>>>;
  private readonly isAnyDay: boolean;
  private readonly isAnyWeekday: boolean;
  private readonly format: Intl.DateTimeFormat;

  /** @throws {TemplateError} on what is not understood. `timeZone`: IANA name. */
  constructor(expression: string, timeZone = 'UTC') {
    const texts = expression.trim().split(/\s+/);
    const [minute, hour, day, month, weekday, ...rest] = texts;
    if (weekday === undefined || rest.length > 0) fail(expression);
    const read = (name: Name, text: string | undefined): ReadonlySet<number> =>
      valuesOf(fields[name], text ?? '', expression);
    const weekdays = read('weekday', weekday);
    this.values = {
      minute: read('minute', minute),
      hour: read('hour', hour),
      day: read('day', day),
      month: read('month', month),
      weekday: new Set([...weekdays].map((number) => number % 7)),
    };
    this.isAnyDay = day === '*';
    this.isAnyWeekday = weekday === '*';
    this.format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', weekday: 'short' },
      ...{ month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
    });
  }

  /** Whether it is due in the minute of `atMs`. */
  matches(atMs: number): boolean {
    const parts = this.partsOf(atMs);
    const has = (name: Name): boolean => this.values[name].has(parts[name]);
    if (!has('minute') || !has('hour') || !has('month')) return false;
    // Both given: either will do.
    if (!this.isAnyDay && !this.isAnyWeekday) return has('day') || has('weekday');
    return has('day') && has('weekday');
  }

  private partsOf(atMs: number): Parts {
    const texts = new Map(
      this.format.formatToParts(atMs).map(({ type, value }) => [type, value] as const),
    );
    const weekday = (texts.get('weekday') ?? '').toUpperCase();
    return {
      minute: Number(texts.get('minute')),
      hour: Number(texts.get('hour')),
      day: Number(texts.get('day')),
      month: Number(texts.get('month')),
      weekday: fields.weekday.names.indexOf(weekday),
    };
  }
}

/** `*`, `5`, `MON-FRI`, `0,30`, and steps such as a star and `/15`. */
function valuesOf(field: Field, text: string, expression: string): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (from === undefined) fail(expression);
    const first = from === '*' ? field.least : numberOf(field, from, expression);
    const isOpen = from === '*' || (to === undefined && step !== undefined);
    const last = isOpen ? field.most : numberOf(field, to ?? from, expression);
    for (let value = first; value <= last; value += Math.max(1, Number(step ?? 1))) {
      values.add(value);
    }
  }
  return values;
}

function numberOf({ least, most, names = [] }: Field, text: string, expression: string): number {
  const named = names.indexOf(text.toUpperCase());
  const value = named < 0 ? Number(text) : named + least;
  return value >= least && value <= most ? value : fail(expression);
}

function fail(expression: string): never {
  throw new TemplateError(`the local stack does not know the schedule ${expression}`);
}
