import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessScenarios } from './access-scenarios.ts';
import { addressScenarios } from './address-scenarios.ts';
import { frameScenarios } from './frame-scenarios.ts';
import { everyKind, flooded, type Scenario, type Step, stationNames } from './hub-scenario.ts';
import { policyScenarios } from './policy-scenarios.ts';
import { type HeardOnBoth, TwoHubs } from './two-hubs.ts';

/**
 * The same frames through a hub of Debian's genuine server and through one of ours: every station
 * hears the same from both, in the same order, but for what a scenario names.
 */
const scenarios = [...policyScenarios, ...accessScenarios, ...addressScenarios, ...frameScenarios];
/** So that one waits while another computes. */
const atOnce = 2;

describe('a hub of ours and a genuine one', { concurrency: atOnce }, () => {
  let hubs: TwoHubs;
  before(async () => {
    hubs = await TwoHubs.raise('efsame');
  });
  after(() => hubs?.lower());

  test('without a rule everything arrives, in order', async () => {
    const said = (steps: readonly Step[]) => steps.map(({ frame }) => frame.toString('hex'));
    const everything = { sender: [], receiver: said(everyKind), third: said(flooded) };
    const heard = await hubs.play({ name: 'no rule', steps: everyKind });
    assert.deepEqual(heard, { genuine: everything, ours: everything });
  });

  for (const scenario of scenarios) {
    test(titleOf(scenario), async () => {
      assert.deepEqual(
        differencesIn(await hubs.play(scenario), scenario),
        scenario.differs?.heard ?? [],
      );
    });
  }
});

test('all scenarios have names of their own', () => {
  assert.equal(new Set(scenarios.map(titleOf)).size, scenarios.length);
});

/** What one of them alone heard; the rest has to be in the same order. */
function differencesIn({ genuine, ours }: HeardOnBoth, scenario: Scenario): string[] {
  return stationNames.flatMap((station) => {
    const [theirs, own] = [genuine[station], ours[station]];
    const [onlyTheirs, onlyOwn] = [without(theirs, own), without(own, theirs)];
    assert.deepEqual(without(own, onlyOwn), without(theirs, onlyTheirs), `${station}: in order`);
    return [
      ...onlyTheirs.map((hex) => `${station}: only genuine ${nameOf(hex, scenario)}`),
      ...onlyOwn.map((hex) => `${station}: only ours ${nameOf(hex, scenario)}`),
    ];
  });
}

function titleOf({ name, differs }: Scenario): string {
  return differs === undefined ? name : `${name}, but: ${differs.because}`;
}

/** What was said, and what became of it on the way if it is no longer the same. */
function nameOf(hex: string, { steps }: Scenario): string {
  const heard = Buffer.from(hex, 'hex');
  const inner = Buffer.concat([heard.subarray(0, 12), heard.subarray(16)]);
  const beginsLike = (frame: Buffer, bytes: number): boolean =>
    frame.subarray(0, bytes).equals(heard.subarray(0, bytes));
  const fates: readonly (readonly [string, (frame: Buffer) => boolean])[] = [
    ['', (frame) => frame.equals(heard)],
    [', tagged', (frame) => frame.equals(inner)],
    [', shortened', (frame) => beginsLike(frame, heard.length)],
    [', altered', (frame) => frame.length === heard.length && beginsLike(frame, 14)],
  ];
  for (const [fate, fits] of fates) {
    const step = steps.find(({ frame }) => fits(frame));
    if (step !== undefined) return step.name + fate;
  }
  return hex;
}

/** Each of `taken` is taken away once, the rest keeps its order. */
function without(frames: readonly string[], taken: readonly string[]): string[] {
  const left = [...taken];
  return frames.filter((hex) => {
    const at = left.indexOf(hex);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
