import type { Hello } from '#shared/wire/hello.ts';
import type { Credential, Login } from '#shared/wire/login.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import type { Redirect } from '#shared/wire/redirect.ts';

export interface LoginWish {
  readonly hub: string;
  readonly user: string;
  /** Sends a password login; without it (and without `credential`) an anonymous one. */
  readonly password?: string;
  readonly credential?: Credential;
  readonly address?: string;
  readonly changes?: Partial<Login>;
}

export type LoginResult =
  | { readonly kind: 'redirect'; readonly redirect: Redirect }
  | { readonly kind: 'error'; readonly code: number };

/** What a genuine 5.01 client sends (captures 04, 05), with the wish's differences. */
export function loginOf(hello: Hello, wish: LoginWish): Login {
  const password: Credential = {
    kind: 'password',
    securePassword: securePassword(hashPassword(wish.password ?? '', wish.user), hello.random),
  };
  return {
    hubName: wish.hub,
    userName: wish.user,
    credential: wish.credential ?? (wish.password === undefined ? { kind: 'anonymous' } : password),
    clientStr: 'SoftEther VPN Client Developer Edition',
    clientVer: 501,
    clientBuild: 9674,
    maxConnection: 1,
    useEncrypt: true,
    useCompress: false,
    halfConnection: false,
    requireBridgeRoutingMode: false,
    requireMonitorMode: false,
    qos: true,
    uniqueId: Buffer.alloc(16, 7),
    serverHostname: '203.0.113.1',
    serverProductName: hello.hello,
    serverProductVer: hello.version,
    serverProductBuild: hello.build,
    clientHostname: 'laptop',
    clientOsName: 'Linux',
    clientOsVer: 'Unknown Linux Version',
    ...wish.changes,
  };
}
