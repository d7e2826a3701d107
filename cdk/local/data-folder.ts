import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '#shared/kernel/clock.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { type KeptCertificates, keptCertificateSchema } from './aws/certificates.ts';
import type { KeptMessage } from './aws/message-journal.ts';
import type { SecretStrings } from './aws/secrets.ts';
import { type MadeResource, madeResourceSchema } from './custom-resource/custom-resources.ts';
import { lockFile } from './lock-file.ts';
import type { ProcessMark } from './process/started.ts';
import { StartError } from './start-error.ts';
import type { GivenFile } from './user-keys.ts';

const textsSchema = z.record(z.string(), z.string());
const machinesSchema = z.array(z.object({ id: z.string(), pid: z.number(), started: z.string() }));
const certificatesSchema = z.record(z.string(), keptCertificateSchema);
/** Of versions before the journal. */
const formerQueuesFile = 'queues.json';
const formerQueuesSchema = z.record(z.string(), z.array(z.string()));
const certificateDays = 825;
const renewBeforeMs = 30 * 86_400_000;

/** An ec2Instance, and the process that stands for it. */
export interface KeptMachine extends ProcessMark {
  readonly id: string;
}

/** Files a cluster leaves behind: logs always, state only where it was told to. */
export class DataFolder {
  readonly logs: string;
  readonly members: string;
  /** Database folder; undefined if state ends with the cluster. */
  readonly database: string | undefined;
  /** What the next deployment must know of this one; undefined if nothing of it stays. */
  readonly deployed: string | undefined;
  /** What the queues hold; undefined if that ends with the cluster. */
  readonly queues: string | undefined;
  private readonly keeps: boolean;
  /** Where all of it is. */
  readonly folder: string;
  private release: () => Promise<void> = async () => undefined;
  private writing: Promise<void> = Promise.resolve();

  private constructor(root: string, keeps: boolean) {
    this.folder = root;
    this.keeps = keeps;
    this.logs = join(root, 'logs');
    this.members = join(root, 'members');
    this.database = keeps ? join(root, 'dynamodb') : undefined;
    this.deployed = keeps ? join(root, 'deployed') : undefined;
    this.queues = keeps ? join(root, 'queues.log') : undefined;
  }

  /** `data` keeps state; without it, what must be a file is in `scratch`. */
  static async open(data: string | undefined, scratch: string): Promise<DataFolder> {
    const folder = new DataFolder(data ?? scratch, data !== undefined);
    await mkdir(folder.logs, { recursive: true });
    return folder;
  }

  secrets(): Promise<SecretStrings> {
    return this.read('secrets.json', textsSchema, {});
  }

  keepSecrets(secrets: SecretStrings): Promise<void> {
    return this.keep('secrets.json', secrets);
  }

  /** What Certificate Manager holds. */
  certificates(): Promise<KeptCertificates> {
    return this.read('certificates.json', certificatesSchema, {});
  }

  keepCertificates(certificates: KeptCertificates): Promise<void> {
    return this.keep('certificates.json', certificates);
  }

  /** What functions made for the template. */
  customResources(): Promise<readonly MadeResource[]> {
    return this.read('custom-resources.json', z.array(madeResourceSchema), []);
  }

  keepCustomResources(made: readonly MadeResource[]): Promise<void> {
    return this.keep('custom-resources.json', made);
  }

  /** Messages as an older version kept them: when it was ended in order, and all of them due. */
  async formerMessages(): Promise<readonly KeptMessage[]> {
    const queues = await this.read(formerQueuesFile, formerQueuesSchema, {});
    return Object.entries(queues).flatMap(([queue, bodies]) =>
      bodies.map((body) => ({ queue, body, dueMs: 0 })),
    );
  }

  /** They are kept in another way now. */
  dropFormerMessages(): Promise<void> {
    return rm(join(this.folder, formerQueuesFile), { force: true });
  }

  /** Machines of the group when this was last written, by an earlier run. */
  machines(): Promise<readonly KeptMachine[]> {
    return this.read('machines.json', machinesSchema, []);
  }

  keepMachines(machines: readonly KeptMachine[]): Promise<void> {
    return this.keep('machines.json', machines);
  }

  /** What a shell reads to speak to this cluster as its operator; of this run only. */
  keepOperator(text: string): Promise<void> {
    return writePrivate(this.operatorFile, text);
  }

  /** What members outside AWS are given. */
  async give(files: readonly GivenFile[]): Promise<void> {
    for (const { path, text } of files) await writePrivate(join(this.folder, path), text);
  }

  get operatorFile(): string {
    return join(this.folder, 'operator.env');
  }

  /** Nobody else may work here until {@link unlock}. */
  async lock(): Promise<void> {
    this.release = await lockFile(
      join(this.folder, 'cluster.pid'),
      (pid) =>
        `the cluster of process ${pid} works in ${this.folder}: end it, or choose another folder ` +
        'with --data DIR',
    );
  }

  unlock(): Promise<void> {
    return this.release();
  }

  /** In place of a certificate of a real account: made once per address, kept for all runs. */
  async certificate(address: string, clock: Clock): Promise<{ keyPem: string; certPem: string }> {
    const path = join(this.folder, 'tls', `${address}.pem`);
    const kept = await readIfThere(path);
    if (kept !== undefined) {
      const keyPem = kept.slice(0, kept.indexOf('-----BEGIN CERTIFICATE'));
      const certPem = kept.slice(keyPem.length);
      const endsMs = Date.parse(new X509Certificate(certPem).validTo);
      if (endsMs - clock.nowMs() > renewBeforeMs) return { keyPem, certPem };
    }
    const { keyPem, certPem } = selfSignedCertificate({
      commonName: address,
      validDays: certificateDays,
      nowMs: clock.nowMs(),
    });
    await writePrivate(path, keyPem + certPem);
    return { keyPem, certPem };
  }

  /** @throws {StartError} on what another version wrote, which must not be passed over. */
  private async read<T>(name: string, schema: z.ZodType<T>, none: T): Promise<T> {
    const path = join(this.folder, name);
    const text = this.keeps ? await readIfThere(path) : undefined;
    if (text === undefined) return none;
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      throw new StartError(
        `${path} is not as this version writes it (${reason}): start with the version that wrote ` +
          'it, or with another --data DIR',
      );
    }
  }

  /** One after the other, so that the last word counts. */
  private keep(name: string, value: unknown): Promise<void> {
    if (!this.keeps) return Promise.resolve();
    const write = (): Promise<void> => writePrivate(join(this.folder, name), JSON.stringify(value));
    this.writing = this.writing.then(write, write);
    return this.writing;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}
