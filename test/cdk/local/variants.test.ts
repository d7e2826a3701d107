import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Certificates } from '#cdk/local/aws/certificates.ts';
import { listenerCertificate } from '#cdk/local/load-balancer/certificate.ts';
import { scheduledActions } from '#cdk/local/scaling/policies.ts';
import { systemRandom } from '#cdk/local/system.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import type { Template } from '#cdk/local/template/template.ts';
import { appWith, type Variant } from '../variant.ts';

const addresses = { queueEndpoint: 'http://q', frontDoor: '127.0.0.1', functionUrl: () => '' };

function stackOf(variant: Variant): Stack {
  const { template } = appWith(variant).synth().getStackByName('Etherfleet');
  return new Stack(template as Template, addresses, {});
}

const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/x';
const certificates = [
  { kind: 'given', arn },
  { kind: 'domain', domainName: 'vpn.example.com', hostedZoneId: 'Z1' },
] as const;

for (const certificate of certificates) {
  test(`a ${certificate.kind} certificate: the listener has one that was made aside`, async () => {
    const none = new Certificates({}, systemRandom, async () => undefined);
    const aside = { certPem: 'aside', keyPem: 'key' };
    const { current } = await listenerCertificate(
      stackOf({ certificate }),
      none,
      async () => aside,
    );
    assert.equal(current(), aside);
  });
}

test('one of this account that nobody imported is no certificate', async () => {
  const missing = 'arn:aws:acm:eu-central-1:000000000000:certificate/gone';
  const stack = stackOf({ certificate: { kind: 'given', arn: missing } });
  const none = new Certificates({}, systemRandom, async () => undefined);
  await assert.rejects(
    listenerCertificate(stack, none, () => assert.fail()),
    { name: 'TemplateError', message: new RegExp(missing) },
  );
});

test('schedules, a warm pool and members outside AWS are known to the local stack', () => {
  const stack = stackOf({
    settings: {
      memberWarmPoolSize: 1,
      alarmEmail: 'a@example.net',
      onPremisesMembers: [{ name: 'berlin', address: '203.0.113.7' }],
      schedules: [
        { name: 'Morning', cron: '30 7 * * MON-FRI', timeZone: 'Europe/Berlin', countMin: 4 },
        { name: 'Night', cron: '0 22 * * *', countMin: 1, countMax: 3 },
      ],
    },
  });
  assert.deepEqual(
    scheduledActions(stack).map(({ sizes }) => [sizes.minSize, sizes.maxSize, sizes.desired]),
    [
      [4, undefined, undefined],
      [1, 3, undefined],
    ],
  );
});
