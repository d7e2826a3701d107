import { join } from 'node:path';
import type { Random } from '#shared/kernel/random.ts';
import type { CredentialRegistry } from './iam/credential-registry.ts';
import type { User } from './iam/principal.ts';
import { place } from './template/place.ts';
import type { Stack } from './template/stack.ts';

/** Ports of members outside AWS on this machine, the first of them. */
const firstPort = 10_543;

/** A file a member outside AWS is given. */
export interface GivenFile {
  /** Below the data folder. */
  readonly path: string;
  readonly text: string;
}

/**
 * What an operator would do after `cdk deploy` for each member outside AWS: make a key for its
 * user, and write its `credentials` and `agent.json`.
 */
export function userFiles(
  stack: Stack,
  registry: CredentialRegistry,
  random: Random,
  folder: string,
): GivenFile[] {
  return stack.ofType('AWS::IAM::User').flatMap(({ ref, properties }, index) => {
    const user: User = {
      kind: 'user',
      userName: ref,
      userId: `AIDA${random.bytes(8).toString('hex').toUpperCase()}`,
      path: String(properties['Path'] ?? '/'),
    };
    const key = {
      accessKeyId: `AKIA${random.bytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: random.bytes(30).toString('base64'),
    };
    registry.admit(user, key);
    const credentialsFile = join('on-premises', ref, 'credentials');
    const config = {
      agentApiUrl: stack.output('AgentApiUrl'),
      region: place.region,
      ...{ capacity: 100, weight: 100 },
      listen: { address: '127.0.0.1', ports: [firstPort + index] },
      onPremises: {
        publicAddress: '127.0.0.1',
        credentialsFile: join(folder, credentialsFile),
      },
    };
    return [
      {
        path: credentialsFile,
        text:
          `[default]\naws_access_key_id = ${key.accessKeyId}\n` +
          `aws_secret_access_key = ${key.secretAccessKey}\n`,
      },
      {
        path: join('on-premises', ref, 'agent.json'),
        text: `${JSON.stringify(config, null, 2)}\n`,
      },
    ];
  });
}
