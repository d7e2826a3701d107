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
  private readonly client: AdminClient;

  constructor(frontDoor: Endpoint, certPem: string, password: string) {
    this.client = new AdminClient(frontDoor, certPem, password);
  }

  /** The state of each member record, by member id. */
  async memberStates(): Promise<ReadonlyMap<string, string>> {
    const list = memberListSchema.parse(await this.client.call('EnumFarmMember'));
    return new Map(list.FarmMemberList.map((item) => [item.MemberId_str, item.State_str]));
  }

  close(): void {
    this.client.close();
  }
}
