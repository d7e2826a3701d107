import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  firstWatchChain,
  nextWatch,
  roundsPerChain,
  standingOfWatch,
} from '#functions/domain/watch-chain.ts';
import { seededRandom } from '../doubles.ts';

const random = seededRandom(7);

test('a chain keeps its name for so many rounds, and then takes another', () => {
  let link = nextWatch({ chain: firstWatchChain, round: 0 }, random);
  for (let round = 1; round < roundsPerChain; round += 1) {
    assert.deepEqual(link, { chain: firstWatchChain, round });
    link = nextWatch(link, random);
  }
  assert.equal(link.round, 0);
  assert.equal(link.after, firstWatchChain);
  assert.notEqual(link.chain, firstWatchChain);
  assert.deepEqual(nextWatch(link, random), { chain: link.chain, round: 1 });
});

test('two copies sent on under new names: who comes first is accepted, the other is not', () => {
  const last = { chain: 'old', round: roundsPerChain - 1 };
  const [one, other] = [nextWatch(last, random), nextWatch(last, random)];
  assert.equal(standingOfWatch(one, 'old'), 'to-be-claimed');
  assert.equal(standingOfWatch(other, 'old'), 'to-be-claimed');
  assert.equal(standingOfWatch(one, one.chain), 'accepted', 'it comes again after its claim');
  assert.equal(standingOfWatch(other, one.chain), 'superseded');
  assert.equal(standingOfWatch(last, one.chain), 'superseded');
});

test('the first name of all is stored as nothing', () => {
  const first = { chain: firstWatchChain, round: 3 };
  assert.equal(standingOfWatch(first, undefined), 'accepted');
  assert.equal(standingOfWatch({ chain: 'a', after: firstWatchChain, round: 0 }), 'to-be-claimed');
  assert.equal(standingOfWatch(first, 'a'), 'superseded');
});
