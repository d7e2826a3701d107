import type { ClientRow, DemoView, HubRow, MemberRow } from './demo-view.ts';

/** One column: its title, its text, and how wide it is at least. */
interface Column<Row> {
  readonly title: string;
  readonly width: number;
  readonly right?: true;
  readonly text: (row: Row) => string;
}

/** Member ids are long; this much tells them apart. */
const idCharsShown = 10;
export const shortId = (id: string): string => id.slice(0, idCharsShown);

const memberColumns: readonly Column<MemberRow>[] = [
  { title: 'member', width: 20, text: ({ id }) => id },
  { title: 'address', width: 21, text: ({ endpoint }) => endpoint },
  { title: 'state', width: 10, text: ({ state }) => state },
  { title: 'sessions', width: 8, right: true, text: ({ sessions }) => String(sessions) },
];

const hubColumns: readonly Column<HubRow>[] = [
  { title: 'hub', width: 13, text: ({ name }) => name },
  { title: 'kind', width: 8, text: ({ kind }) => kind },
  { title: 'sessions', width: 8, right: true, text: ({ sessions }) => String(sessions) },
  { title: 'on', width: 30, text: ({ members }) => members.map(shortId).join(' ') || 'none' },
];

const clientColumns: readonly Column<ClientRow>[] = [
  { title: 'client', width: 7, text: ({ name }) => name },
  { title: 'hub', width: 13, text: ({ hub }) => hub },
  { title: 'member', width: 11, text: ({ member }) => shortId(member) },
  { title: 'sent', width: 6, right: true, text: ({ sent }) => String(sent) },
  { title: 'back', width: 6, right: true, text: ({ received }) => String(received) },
  { title: 'lost', width: 5, right: true, text: ({ lost }) => String(lost) },
  { title: 'ms', width: 6, right: true, text: ({ roundTripMs }) => roundTripMs?.toFixed(1) ?? '-' },
  { title: 'state', width: 20, text: ({ state }) => state },
];

/** The whole screen as lines no wider than `columns`. */
export function renderScreen(view: DemoView, columns: number, keys: boolean): readonly string[] {
  const lines = [
    view.headline,
    '',
    ...table(memberColumns, view.members),
    '',
    ...table(hubColumns, view.hubs),
    '',
    ...table(clientColumns, view.clients),
    '',
    `traffic  ${trafficText(view)}`,
    ...(keys ? ['', "k kill the dynamic hub's member   d drain it   q quit"] : []),
  ];
  return lines.map((line) => line.slice(0, columns));
}

/** The same in one line, for where there is no screen. */
export function renderLine(view: DemoView): string {
  const active = view.members.filter(({ state }) => state === 'active').length;
  const lost = view.clients.reduce((total, client) => total + client.lost, 0);
  const hosts = view.hubs.map(({ name, members }) => `${name} on ${members.join(' ') || 'none'}`);
  return [
    `demo: ${view.headline}`,
    `${active} of ${view.members.length} members active`,
    ...hosts,
    trafficText(view),
    `${lost} echoes lost`,
  ].join('; ');
}

function trafficText({ framesPerSecond, bytesPerSecond }: DemoView): string {
  return `${framesPerSecond.toFixed(0)} frames/s, ${(bytesPerSecond / 1_000).toFixed(1)} kB/s`;
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly string[] {
  const widths = columns.map(({ text, width }) =>
    Math.max(width, ...rows.map((row) => text(row).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const width = widths[i] ?? 0;
        return columns[i]?.right ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    ...rows.map((row) => line(columns.map(({ text }) => text(row)))),
  ];
}
