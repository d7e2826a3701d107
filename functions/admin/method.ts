import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { HubName } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { HubAdminOption } from '../domain/hub-admin-options.ts';
import type { Sealer } from '../domain/sealing.ts';
import type { Hub } from '../store/hub-store.ts';
import type { Stores } from '../store/stores.ts';
import type { Fields } from './fields.ts';
import type { RpcObject } from './rpc-object.ts';

/** What the administration needs of the outside. */
export interface AdminPorts {
  readonly stores: Stores;
  readonly secrets: {
    sealer(): Promise<Sealer>;
    /** The first server administrator password, valid until one was set. */
    adminPassword(): Promise<string>;
  };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

/** Who calls: proven by a password with every request. */
export type Admin = { readonly kind: 'server' } | { readonly kind: 'hub'; readonly hub: HubName };

export interface AdminCall {
  readonly ports: AdminPorts;
  readonly admin: Admin;
  readonly fields: Fields;
}

/** A call about one hub, which exists. */
export interface HubCall extends AdminCall {
  readonly hub: Hub;
}

/**
 * A method and who may call it (protocol/07 §3): `server` its administrators; `hub` these and the
 * administrators of the hub in `HubName_str`; `any` everyone who proved to be an administrator.
 * `changes` marks what is logged by name, `added` describes what SoftEther does not have. Where the
 * hub has the option `barredBy`, its own administrators may not call the method.
 */
export type AdminMethod = (
  | { readonly auth: 'server' | 'any'; readonly run: (call: AdminCall) => Promise<RpcObject> }
  | {
      readonly auth: 'hub';
      readonly run: (call: HubCall) => Promise<RpcObject>;
      readonly barredBy?: HubAdminOption;
    }
) & { readonly changes?: true; readonly added?: string };
