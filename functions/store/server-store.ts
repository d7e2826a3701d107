import * as z from 'zod';
import { keyOf } from './keys.ts';
import { attributeAbsent, type Table } from './table.ts';

const serverSchema = z.object({
  /** Sealed SHA-0 of the server administrator's password, once it was changed. */
  sealedPassword: z.instanceof(Uint8Array).optional(),
  /** When this cluster was first administered. */
  createdMs: z.number().int().optional(),
});

export type ServerSettings = Readonly<z.infer<typeof serverSchema>>;

/** Settings of the cluster as a whole. */
export class ServerStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(): Promise<ServerSettings> {
    return serverSchema.parse((await this.#table.get(keyOf.server())) ?? {});
  }

  /** The settings, with {@link ServerSettings.createdMs} written down if this is the first time. */
  async firstSeen(nowMs: number): Promise<ServerSettings & { readonly createdMs: number }> {
    const known = await this.get();
    if (known.createdMs !== undefined) return { ...known, createdMs: known.createdMs };
    const first = { set: { createdMs: nowMs } };
    await this.#table.update(keyOf.server(), first, attributeAbsent('createdMs'));
    const stored = await this.get();
    return { ...stored, createdMs: stored.createdMs ?? nowMs };
  }

  async setPassword(sealedPassword: Uint8Array): Promise<void> {
    await this.#table.update(keyOf.server(), { set: { sealedPassword } }, { kind: 'always' });
  }
}
