import type { SourceRule } from '#shared/contract/access-rule.ts';
import { AdminDoorStore } from './admin-door-store.ts';
import { FindingStore } from './finding-store.ts';
import { GroupStore } from './group-store.ts';
import { HubStore } from './hub-store.ts';
import { MemberStore } from './member-store.ts';
import { PlacementStore } from './placement-store.ts';
import { RejectionStore } from './rejection-store.ts';
import { type ListedRule, RuleListStore, ruleLists } from './rule-list-store.ts';
import { SeatStore } from './seat-store.ts';
import { ServerStore } from './server-store.ts';
import { SessionStore } from './session-store.ts';
import { SweepStore } from './sweep-store.ts';
import type { Table } from './table.ts';
import { ThrottleStore } from './throttle-store.ts';
import { TicketStore } from './ticket-store.ts';
import { UserStore } from './user-store.ts';
import { WatchStore } from './watch-store.ts';

/** Every aggregate over one table. */
export interface Stores {
  readonly accessLists: RuleListStore<ListedRule>;
  readonly adminDoors: AdminDoorStore;
  readonly findings: FindingStore;
  readonly groups: GroupStore;
  readonly hubs: HubStore;
  readonly members: MemberStore;
  readonly placements: PlacementStore;
  readonly rejections: RejectionStore;
  readonly seats: SeatStore;
  readonly server: ServerStore;
  readonly sessions: SessionStore;
  readonly sourceLists: RuleListStore<SourceRule>;
  readonly sweeps: SweepStore;
  readonly throttle: ThrottleStore;
  readonly tickets: TicketStore;
  readonly users: UserStore;
  readonly watches: WatchStore;
}

export function storesOver(table: Table): Stores {
  return {
    accessLists: new RuleListStore(table, 'access', ruleLists.access),
    adminDoors: new AdminDoorStore(table),
    findings: new FindingStore(table),
    groups: new GroupStore(table),
    hubs: new HubStore(table),
    members: new MemberStore(table),
    placements: new PlacementStore(table),
    rejections: new RejectionStore(table),
    seats: new SeatStore(table),
    server: new ServerStore(table),
    sessions: new SessionStore(table),
    sourceLists: new RuleListStore(table, 'source', ruleLists.source),
    sweeps: new SweepStore(table),
    throttle: new ThrottleStore(table),
    tickets: new TicketStore(table),
    users: new UserStore(table),
    watches: new WatchStore(table),
  };
}
