import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { queueAllowsSend } from '../iam/queue-policies.ts';
import { place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { type EventRule, eventRules, matchesPattern } from './rule.ts';

/** What a service of AWS tells the account's event bus. */
export interface ServiceEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface EventBusServices {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Put a message into the queue with this URL. */
  readonly send: (queueUrl: string, body: string) => Promise<void>;
  readonly onTrouble: (message: string) => void;
}

/**
 * EventBridge: the template's rules, by pattern and by schedule, to its queues. Left out: other
 * targets, retries (a target here is there), archives, duplicates.
 */
export class EventBus {
  private readonly stack: Stack;
  private readonly services: EventBusServices;
  private readonly rules: readonly EventRule[];
  private readonly cancels = new Map<EventRule, Cancel>();

  constructor(stack: Stack, services: EventBusServices) {
    this.stack = stack;
    this.services = services;
    this.rules = eventRules(stack);
  }

  /** Start the schedules. */
  start(): void {
    for (const rule of this.rules) this.schedule(rule);
  }

  stop(): void {
    for (const cancel of this.cancels.values()) cancel();
  }

  put(event: ServiceEvent): void {
    const told = { ...this.envelope(), ...event };
    for (const rule of this.rules) {
      if (rule.pattern !== undefined && matchesPattern(rule.pattern, told)) this.fire(rule, told);
    }
  }

  private schedule(rule: EventRule): void {
    if (rule.everyMs === undefined) return;
    const cancel = this.services.timers.after(rule.everyMs, () => {
      this.schedule(rule);
      this.fire(rule, {
        ...this.envelope(),
        ...{ source: 'aws.events', 'detail-type': 'Scheduled Event' },
        ...{ resources: [rule.arn], detail: {} },
      });
    });
    this.cancels.set(rule, cancel);
  }

  private fire(rule: EventRule, event: unknown): void {
    for (const { arn, input } of rule.targets) {
      this.deliver(rule, arn, input ?? JSON.stringify(event)).catch((error: unknown) =>
        this.services.onTrouble(`${rule.arn}: ${String(error)}`),
      );
    }
  }

  private async deliver(rule: EventRule, queueArn: string, body: string): Promise<void> {
    const { ref: queueUrl } = this.stack.called('AWS::SQS::Queue', queueArn);
    const caller = { service: 'events.amazonaws.com', sourceArn: rule.arn };
    if (!queueAllowsSend(this.stack, queueUrl, caller)) {
      throw new Error(`the policy of ${queueArn} does not let this rule send`);
    }
    await this.services.send(queueUrl, body);
  }

  private envelope() {
    const { clock, random } = this.services;
    const hex = random.bytes(16).toString('hex');
    return {
      version: '0',
      id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
      account: place.account,
      time: `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`,
      region: place.region,
    };
  }
}
