import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import type { KeptCertificates } from '#cdk/local/aws/certificates.ts';
import { callSigned } from '#cdk/local/aws/signed-call.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { type Deployed, dataFolder, deployed, type Resources, resourceOf } from './deployed.ts';

/** What the front door presents. */
async function presented(
  { deployment, port }: Deployed,
  host = '127.0.0.1',
): Promise<X509Certificate> {
  const socket = connect({ host, port, rejectUnauthorized: false });
  try {
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    assert.equal(
      new X509Certificate(deployment.certPem).fingerprint256,
      certificate.fingerprint256,
    );
    return certificate;
  } finally {
    socket.destroy();
  }
}

const callAcm = (
  { deployment }: Deployed,
  operation: string,
  input: Record<string, unknown>,
): Promise<unknown> =>
  callSigned({
    service: 'acm',
    endpoint: deployment.operator.endpoints.acm,
    target: `CertificateManager.${operation}`,
    input,
    credentials: deployment.operator,
    signal: AbortSignal.timeout(5_000),
  });

const imported = (data: string): KeptCertificates =>
  JSON.parse(readFileSync(join(data, 'certificates.json'), 'utf8'));

const functionSaid = (data: string): string[] => {
  const resource = JSON.parse(readFileSync(join(data, 'custom-resources.json'), 'utf8'))[0];
  const name = String(resource.properties.ServiceToken).split(':').at(-1);
  const log = readFileSync(join(data, 'logs', `${name}.log`), 'utf8');
  return log.split('\n').flatMap((line) => /"event":"(certificate\.\w+)"/.exec(line)?.[1] ?? []);
};

test('the function makes the certificate: created, kept, changed, and deleted', async (context) => {
  const data = dataFolder();
  const first = await deployed(context, { data });
  const [[arn, kept] = assert.fail()] = Object.entries(imported(data));
  const shown = await presented(first);
  assert.equal(shown.fingerprint256, new X509Certificate(kept.certPem).fingerprint256);
  assert.match(
    shown.subjectAltName ?? '',
    /DNS:front-door\.etherfleet\.internal, IP.*127\.0\.0\.1/,
  );
  assert.deepEqual(functionSaid(data), ['certificate.added']);
  await first.stop();

  const second = await deployed(context, { data });
  assert.equal((await presented(second)).fingerprint256, shown.fingerprint256);
  assert.deepEqual(functionSaid(data), [], 'nothing has changed, so it was not asked');
  await second.stop();

  const moved = await deployed(context, { data, frontDoor: '127.0.0.2' });
  assert.match((await presented(moved, '127.0.0.2')).subjectAltName ?? '', /127\.0\.0\.2/);
  assert.deepEqual(Object.keys(imported(data)), [arn], 'it was imported under its own name');
  await moved.stop();

  // Somebody has a certificate now: what made the former one is in no template any more.
  const given = await deployed(context, { data, change: withGivenCertificate });
  assert.notEqual((await presented(given)).fingerprint256, shown.fingerprint256);
  assert.deepEqual(imported(data), {}, 'the function of the former template deleted it');
  assert.deepEqual(given.told, []);
});

function withGivenCertificate(resources: Resources): void {
  const listener = Object.values(resources).find(
    ({ Type, Properties }) =>
      Type === 'AWS::ElasticLoadBalancingV2::Listener' && Properties['Protocol'] === 'HTTPS',
  );
  assert(listener);
  const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/given';
  listener.Properties['Certificates'] = [{ CertificateArn: arn }];
  for (const id of Object.keys(resources)) {
    if (id.startsWith('CertificateSelfSigned')) delete resources[id];
  }
}

test('another certificate under the same name is presented from then on', async (context) => {
  const data = dataFolder();
  const cloud = await deployed(context, { data });
  const before = await presented(cloud);
  const [arn] = Object.keys(imported(data));
  const { certPem, keyPem } = selfSignedCertificate({
    ...{ commonName: 'renewed', validDays: 30, nowMs: Date.now() },
  });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  await callAcm(cloud, 'ImportCertificate', {
    ...{ CertificateArn: arn, Certificate: base64(certPem), PrivateKey: base64(keyPem) },
  });
  const now = await presented(cloud);
  assert.notEqual(now.fingerprint256, before.fingerprint256);
  assert.match(now.subject, /renewed/);
  await assert.rejects(
    callAcm(cloud, 'DeleteCertificate', { CertificateArn: arn }),
    /ResourceInUseException/,
  );
});

test('a grant that is missing fails the deployment and is named', async (context) => {
  const withoutImport = (resources: Resources): void => {
    const policy = resourceOf(resources, 'AWS::IAM::Policy', 'CertificateSelfSigned');
    const document = policy.Properties['PolicyDocument'] as { Statement: { Action: unknown }[] };
    for (const statement of document.Statement) {
      if (!Array.isArray(statement.Action)) continue;
      statement.Action = statement.Action.filter((action) => action !== 'acm:ImportCertificate');
    }
  };
  await assert.rejects(
    deployed(context, { change: withoutImport }),
    new RegExp(
      'CertificateSelfSigned\\w+ \\(Create\\): Received response status \\[FAILED\\].*' +
        'AccessDenied.*lacks the policy line .*"Action":"acm:ImportCertificate"',
    ),
  );
});

test('a function that ends without an answer fails the deployment at once', async (context) => {
  const nameless = (resources: Resources): void => {
    resourceOf(resources, 'Custom::SelfSignedCertificate').Properties['Names'] = [];
  };
  await assert.rejects(deployed(context, { change: nameless }), /\(Create\): ZodError: /);
  const without = (resources: Resources): void => {
    const certificate = resourceOf(resources, 'AWS::Lambda::Function', 'CertificateSelfSigned');
    const environment = certificate.Properties['Environment'] as { Variables: Resources };
    delete environment.Variables['CLUSTER_NAME'];
  };
  await assert.rejects(
    deployed(context, { change: without }),
    /Runtime\.InitError.*the environment variable CLUSTER_NAME is not set/,
  );
});
