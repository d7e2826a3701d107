import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from '#cdk/local/scaling/cron.ts';

/** 5 January 2026 is a Monday. */
const at = (day: number, hour: number, minute: number, month = 1): number =>
  Date.UTC(2026, month - 1, day, hour, minute, 30);
const due = (expression: string, atMs: number, timeZone?: string): boolean =>
  new Cron(expression, timeZone).matches(atMs);

test('a schedule of working days is due in its minute, on those days', () => {
  const mornings = '30 7 * * MON-FRI';
  assert(due(mornings, at(5, 7, 30)));
  assert(due(mornings, at(9, 7, 30)));
  assert(!due(mornings, at(10, 7, 30)), 'a Saturday');
  assert(!due(mornings, at(5, 7, 31)));
  assert(!due(mornings, at(5, 8, 30)));
});

test('steps, lists, names and both names of Sunday', () => {
  for (const minute of [0, 15, 30, 45]) assert(due('*/15 * * * *', at(5, 3, minute)));
  assert(!due('*/15 * * * *', at(5, 3, 20)));
  assert(due('0 8,20 * JAN,jul *', at(5, 20, 0)));
  assert(!due('0 8,20 * JAN,JUL *', at(5, 20, 0, 2)));
  for (const sunday of ['0', '7', 'SUN']) assert(due(`0 0 * * ${sunday}`, at(4, 0, 0)), sunday);
  assert(due('5-20/5 0 * * *', at(4, 0, 10)));
  assert(!due('5-20/5 0 * * *', at(4, 0, 25)));
});

test('day and weekday both given: either will do', () => {
  assert(due('0 0 1 * MON', at(1, 0, 0)), 'a Thursday, the first');
  assert(due('0 0 1 * MON', at(5, 0, 0)), 'a Monday, the fifth');
  assert(!due('0 0 1 * MON', at(6, 0, 0)));
});

test('it is due by its own time zone, in summer too', () => {
  assert(due('30 7 * * *', at(5, 6, 30), 'Europe/Berlin'));
  assert(due('30 7 * * *', at(6, 5, 30, 7), 'Europe/Berlin'));
  assert(!due('30 7 * * *', at(5, 7, 30), 'Europe/Berlin'));
});

test('what is not understood is an error that shows it', () => {
  for (const wrong of ['* * * *', '61 * * * *', '0 0 * * NEVER', '0 0 ? * 1#2', 'rate(1 day)']) {
    assert.throws(() => new Cron(wrong), { message: new RegExp(wrong.replace(/[*?()]/g, '\\$&')) });
  }
});
