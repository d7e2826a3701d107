import { z } from 'zod';
import { AdminClient } from './admin-client.ts';
import type { Endpoint } from './options.ts';

const memberListSchema = z.object({
  // The controller itself is listed too, as SoftEther does; it has neither.
  FarmMemberList: z.array(
    z.object({ MemberId_str: z.string().default(''), State_str: z.string().default('') }),
  ),
});

/** Asks the cluster what it thinks of its members, as any administrator may. */
export class ControlPlaneView {
  private readonly frontDoor: Endpoint;
  private readonly password: string;
  /** PEM of what the front door presents now. */
  private readonly certPem: () => string;
  private trusted = '';
  private client: AdminClient | undefined;

  constructor(frontDoor: Endpoint, certPem: () => string, password: string) {
    this.frontDoor = frontDoor;
    this.certPem = certPem;
    this.password = password;
  }

  /** The state of each member record, by member id. */
  async memberStates(): Promise<ReadonlyMap<string, string>> {
    const list = memberListSchema.parse(await this.current().call('EnumFarmMember'));
    return new Map(list.FarmMemberList.map((item) => [item.MemberId_str, item.State_str]));
  }

  close(): void {
    this.client?.close();
  }

  private current(): AdminClient {
    const certPem = this.certPem();
    if (this.client !== undefined && certPem === this.trusted) return this.client;
    this.client?.close();
    this.trusted = certPem;
    this.client = new AdminClient(this.frontDoor, certPem, this.password);
    return this.client;
  }
}
