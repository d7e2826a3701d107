import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Random } from '#shared/kernel/random.ts';

/** What the cluster's one secret is stretched into; each purpose has a key of its own. */
export type KeyPurpose = 'seal-credentials' | 'hello-challenge' | 'admin-challenge' | 'witness';

/** A 32-byte key for one purpose (HKDF-SHA256, RFC 5869). */
export function deriveKey(clusterKey: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', clusterKey, '', `etherfleet/${purpose}`, 32));
}

const ivBytes = 12;
const tagBytes = 16;

/**
 * Seals credentials for storage: SoftEther's stored hashes are as good as passwords (protocol/03),
 * so the table never holds them in clear. AES-256-GCM; `context` names the item, so that a sealed
 * value copied to another item does not open.
 */
export class Sealer {
  readonly #key: Buffer;
  readonly #random: Random;

  constructor(key: Buffer, random: Random) {
    this.#key = key;
    this.#random = random;
  }

  /** iv ‖ tag ‖ ciphertext. */
  seal(secret: Uint8Array, context: string): Buffer<ArrayBuffer> {
    const iv = this.#random.bytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  }

  /** Undefined when it was not sealed by this cluster for this context. */
  open(sealed: Uint8Array, context: string): Buffer | undefined {
    if (sealed.length < ivBytes + tagBytes) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, ivBytes))
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
    try {
      const rest = sealed.subarray(ivBytes + tagBytes);
      return Buffer.concat([decipher.update(rest), decipher.final()]);
    } catch {
      return undefined; // wrong key, wrong context or damaged: all the same to the caller
    }
  }
}

/** The item a sealed credential belongs to. Names are compared without regard to case. */
export const sealContext = {
  user: (hubKey: string, userKey: string): string => `user:${hubKey}:${userKey}`,
  hubPassword: (hubKey: string): string => `hub-password:${hubKey}`,
  hubSecurePassword: (hubKey: string): string => `hub-secure-password:${hubKey}`,
  serverPassword: 'server-password',
  adminSession: (memberId: string): string => `admin-session:${memberId}`,
  adminDoor: (source: string, hubKey: string): string => `admin-door:${source}:${hubKey}`,
} as const;
