import type { Desired, Order } from '#shared/contract/heartbeat.ts';
import type { Inquiry } from '#shared/contract/inquiry.ts';
import { unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { HubTable } from '../session/hub-table.ts';
import { findingOf } from './findings.ts';
import type { Reports } from './reports.ts';

/**
 * Makes what is into what should be. Orders are repeated in every answer until they were reported
 * done, so each is carried out once however often it arrives (I12).
 */
export class Reconciler {
  readonly #hubs: HubTable;
  readonly #reports: Reports;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(hubs: HubTable, reports: Reports, clock: Clock, log: Log) {
    this.#hubs = hubs;
    this.#reports = reports;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether somebody waits for what is to be reported now. */
  apply(desired: Desired): boolean {
    for (const order of desired.orders) {
      if (this.#reports.isDone(order.id)) continue;
      this.#carryOut(order);
      this.#reports.done(order.id);
    }
    this.#find(desired.inquiries ?? []);
    return this.#reports.hasFound;
  }

  #find(inquiries: readonly Inquiry[]): void {
    this.#reports.keepFound(new Set(inquiries.map(({ id }) => id)));
    for (const inquiry of inquiries) {
      if (this.#reports.isDone(inquiry.id)) continue;
      const { hub, table, forget } = inquiry;
      this.#log.info('order.inquire', { hub, table, ...(forget !== undefined && { forget }) });
      const learned = this.#hubs.find(hub)?.instance.learned(table);
      this.#reports.found(findingOf(inquiry, learned, this.#clock));
    }
  }

  #carryOut(order: Order): void {
    switch (order.kind) {
      case 'disconnect': {
        const session = this.#hubs.find(order.hub)?.sessions.get(nameKey(order.session));
        this.#log.info('order.disconnect', { hub: order.hub, session: order.session });
        session?.close('disconnected');
        return;
      }
      case 'configure':
        this.#log.info('order.configure', { hub: order.hub.name, version: order.hub.version });
        this.#hubs.configure(order.hub);
        return;
      case 'remove': {
        const hub = this.#hubs.find(order.hub);
        this.#log.info('order.remove', { hub: order.hub });
        if (hub !== undefined) this.#hubs.close(hub, 'hub-removed');
        return;
      }
      default:
        unreachable(order);
    }
  }
}
