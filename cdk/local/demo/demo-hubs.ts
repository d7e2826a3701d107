import { errorCode } from '#shared/wire/error-code.ts';
import { type AdminClient, AdminRefusal } from '../admin-client.ts';

export interface DemoHub {
  readonly name: string;
  readonly kind: 'static' | 'dynamic';
  /** Its users, one built-in client each. */
  readonly users: readonly string[];
}

/** On a static hub clients meet those on the same member, so there are more of them. */
export const demoHubs: readonly DemoHub[] = [
  { name: 'demo-dynamic', kind: 'dynamic', users: ['ada', 'ben', 'cyd'] },
  { name: 'demo-static', kind: 'static', users: ['dan', 'eva', 'fay', 'gus'] },
];

const hubTypes = { static: 1, dynamic: 2 } as const;
const passwordUser = 1;

/** Make the hubs and users, or take those an earlier run left, with this run's password. */
export async function prepareHubs(admin: AdminClient, password: string): Promise<void> {
  for (const { name, kind, users } of demoHubs) {
    const hub = { HubName_str: name, HubType_u32: hubTypes[kind], Online_bool: true };
    await createOrSet(admin, 'Hub', errorCode.hubExists, hub);
    for (const user of users) {
      await createOrSet(admin, 'User', errorCode.userExists, {
        HubName_str: name,
        Name_str: user,
        AuthType_u32: passwordUser,
        Auth_Password_str: password,
      });
    }
  }
}

async function createOrSet(
  admin: AdminClient,
  what: 'Hub' | 'User',
  exists: number,
  params: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await admin.call(`Create${what}`, params);
  } catch (error) {
    if (!(error instanceof AdminRefusal) || error.code !== exists) throw error;
    await admin.call(`Set${what}`, params);
  }
}
