import { Pack } from './pack.ts';

/** Ask which hubs there are; hubs with NoEnum stay unnamed (`protocol/02` §7). */
export function encodeEnumHub(padding?: Uint8Array): Pack {
  return new Pack().setStr('method', 'enum_hub').setPadding(padding);
}

/** An element has at least one value, so that no hubs means no `HubName` at all. */
export function encodeEnumHubAnswer(hubNames: readonly string[], padding?: Uint8Array): Pack {
  const pack = new Pack();
  if (hubNames.length > 0) pack.setStrs('HubName', hubNames);
  return pack.setInt('NumHub', hubNames.length).setPadding(padding);
}

export function decodeEnumHubAnswer(pack: Pack): readonly string[] {
  return pack.strs('HubName').slice(0, pack.int('NumHub'));
}
