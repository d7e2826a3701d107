import {
  defaultHubOptions,
  type HubOptions,
  hubOptionsSchema,
  hubOptionWireNames,
} from '#shared/contract/hub-options.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { AdminError } from './admin-error.ts';
import { changeHub, configureMembers } from './hub-changes.ts';
import type { HubCall } from './method.ts';
import { nameCharsMax } from './names.ts';
import type { RpcObject } from './rpc-object.ts';

const optionsPerCallMax = 200;
/** As genuine servers: bytes in, characters kept. */
const messageCharsMax = 20_000;

const options = Object.entries(hubOptionWireNames) as [keyof HubOptions, string][];
const optionByName = new Map(options.map(([field, name]) => [name.toLowerCase(), field]));

/** The options that members honour, and no others. */
export async function getHubExtOptions({ hub }: HubCall): Promise<RpcObject> {
  return described(hub.name, hub.options ?? defaultHubOptions);
}

/** What is not given stays. An option nobody here honours is refused, not silently forgotten. */
export async function setHubExtOptions({ ports, fields, hub }: HubCall): Promise<RpcObject> {
  const given = (fields.objects('AdminOptionList', optionsPerCallMax) ?? []).map((one) => {
    const name = one.text('Name_str', nameCharsMax) ?? '';
    const field = optionByName.get(name.toLowerCase());
    const value = one.number('Value_u32') ?? 0;
    if (field === undefined) {
      throw new AdminError(errorCode.invalidParameter, 'AdminOptionList names an unknown option');
    }
    return [field, typeof defaultHubOptions[field] === 'boolean' ? value !== 0 : value] as const;
  });
  const changes = Object.fromEntries(given);
  const changed = await changeHub(ports, hub.name, (seen) => {
    const checked = hubOptionsSchema.safeParse({ ...seen.options, ...changes });
    if (checked.success) return { ...seen, options: checked.data };
    const field = String(checked.error.issues[0]?.path[0]);
    const name = hubOptionWireNames[field as keyof HubOptions];
    throw new AdminError(errorCode.invalidParameter, `${name} is out of range`);
  });
  await configureMembers(ports, changed);
  return described(hub.name, changed.options ?? defaultHubOptions);
}

function described(hub: string, values: HubOptions): RpcObject {
  return {
    HubName_str: hub,
    NumItem_u32: options.length,
    AdminOptionList: options.map(([field, name]) => ({
      Name_str: name,
      Value_u32: Number(values[field]),
      Descrption_utf: '', // sic
    })),
  };
}

/** An empty message is left out, as by genuine servers. */
export async function getHubMsg({ hub }: HubCall): Promise<RpcObject> {
  const bytes = Buffer.from(hub.message);
  return { HubName_str: hub.name, ...(bytes.length > 0 && { Msg_bin: bytes.toString('base64') }) };
}

/** Shown to whoever connects from now on: each ticket's grant brings it. */
export async function setHubMsg({ ports, fields, hub }: HubCall): Promise<RpcObject> {
  const message = textOf(fields.bytes('Msg_bin') ?? Buffer.alloc(0));
  const changed = await changeHub(ports, hub.name, (seen) => ({ ...seen, message }));
  return getHubMsg({ ports, fields, admin: { kind: 'server' }, hub: changed });
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) {
    throw new AdminError(errorCode.invalidParameter, 'Msg_bin is not UTF-8');
  }
  if (text.length <= messageCharsMax) return text;
  const reason = `Msg_bin has more than ${messageCharsMax} characters`;
  throw new AdminError(errorCode.invalidParameter, reason);
}
