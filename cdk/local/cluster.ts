import { join } from 'node:path';
import { z } from 'zod';
import { assert } from '#shared/kernel/assert.ts';
import { machineOf, memberId } from '#shared/kernel/ids.ts';
import { ControlPlaneView } from './control-plane-view.ts';
import type { DataFolder } from './data-folder.ts';
import { type Deployment, deploy } from './deployment.ts';
import { terminatedEvent } from './ec2/group-events.ts';
import { groupTerms } from './ec2/group-terms.ts';
import { launchTemplate } from './ec2/launch-template.ts';
import { type GroupEvent, MemberGroup } from './ec2/member-group.ts';
import { terminationPolicy } from './ec2/termination-policy.ts';
import { groupNote } from './group-note.ts';
import {
  machineListener,
  type NetworkBalancer,
  startNetworkBalancer,
} from './load-balancer/network.ts';
import type { Operator } from './operator.ts';
import { type Endpoint, endpointText, type Options } from './options.ts';
import { endLeftovers } from './process/leftovers.ts';
import { Reaper } from './process/reaper.ts';
import { markOf } from './process/started.ts';
import type { Progress } from './progress.ts';
import { keptByGuards, scheduledActions, trackingPolicies } from './scaling/policies.ts';
import { Scaler } from './scaling/scaler.ts';
import { assertFree, isFree, StartError } from './start-error.ts';
import { type ClusterView, type MemberView, StateFile } from './state-file.ts';
import type { Assembly } from './synth/assembly.ts';
import { systemClock, systemRandom, systemTimers } from './system.ts';
import { Trouble } from './trouble.ts';

/** Members must be active this long after their launch, or the start has failed. */
const readyLimitMs = 60_000;
const pollStartingMs = 250;
const pollRunningMs = 1_000;
/** Members get this long to end by themselves when the cluster stops. */
const memberStopMs = 5_000;

/** A running cluster, for whoever shows it or plays with it. */
export interface Cluster {
  readonly frontDoor: ClusterView['frontDoor'];
  readonly admin: ClusterView['admin'];
  /** Where vpncmd is answered, if the template has such a listener. */
  readonly vpncmd: Endpoint | undefined;
  /** PEM of the certificate the front door presents now. */
  readonly certPem: string;
  readonly logFolder: string;
  /** A file for a shell whose AWS commands are for this cluster. */
  readonly operatorFile: string;
  /** What that file says. */
  readonly operator: Operator;
  /** The members as of now. */
  members(): readonly MemberView[];
  /** End a member's machine without warning, as one that loses power. */
  killMember(id: string): void;
  /** Have the group terminate a member's machine and do with one less: it is emptied first. */
  scaleIn(id: string): void;
  /** End everything; resolves when nothing is left. */
  stop(): Promise<void>;
}

export interface ClusterServices {
  readonly options: Options;
  readonly assembly: Assembly;
  readonly data: DataFolder;
  readonly progress: Progress;
}

/** Deploy the template, launch the members, and wait until the control plane calls them active. */
export async function startCluster(services: ClusterServices): Promise<Cluster> {
  const { data, options } = services;
  const { frontDoor, members } = options;
  await assertFree(frontDoor, '--front-door'); // before anything of a running cluster is touched
  for (const member of members) await assertFree(member, '--member');
  const stateFile = new StateFile(options.stateFile);
  await data.lock();
  await stateFile.claim();
  const cluster = new LocalCluster(services, stateFile);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class LocalCluster implements Cluster {
  readonly logFolder: string;
  private readonly services: ClusterServices;
  private readonly reaper = new Reaper();
  private readonly stateFile: StateFile;
  private readonly trouble: Trouble;
  private deployment: Deployment | undefined;
  private network: NetworkBalancer | undefined;
  private group: MemberGroup | undefined;
  private scaler: Scaler | undefined;
  private view: ControlPlaneView | undefined;
  private states: ReadonlyMap<string, string> = new Map();
  private shown: ReadonlyMap<string, string> = new Map();
  private isReady = false;
  private stopping = false;
  private wake: () => void = () => undefined;
  private watching: Promise<void> = Promise.resolve();

  constructor(services: ClusterServices, stateFile: StateFile) {
    const { data, progress } = services;
    this.services = services;
    this.logFolder = data.logs;
    this.stateFile = stateFile;
    this.trouble = new Trouble(join(data.logs, 'local.log'), (line) => progress.note(line));
  }

  async start(): Promise<void> {
    const { assembly, data, options, progress } = this.services;
    const { frontDoor } = options;
    const former = await data.machines();
    endLeftovers(former);
    const deployment = await progress.step('deploying the template on this machine', () =>
      deploy({
        assembly,
        frontDoor,
        adminPassword: options.adminPassword,
        data,
        reaper: this.reaper,
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        trouble: this.trouble,
      }),
    );
    this.deployment = deployment;
    this.view = new ControlPlaneView(frontDoor, () => deployment.certPem, deployment.adminPassword);
    const terms = groupTerms(deployment.stack);
    this.group = new MemberGroup({
      launchTemplate: launchTemplate(deployment.stack, assembly),
      terms,
      choose: terminationPolicy(
        deployment.stack,
        (functionArn) => deployment.functions.called(functionArn),
        (message) => this.trouble.report('group', message),
      ),
      publish: (event) => deployment.events.put(event),
      endpoints: options.members,
      desired: options.desired ?? options.members.length,
      isFree: (endpoint) => isFree(endpoint),
      replaceAfterMs: options.replaceAfterMs,
      folder: data.members,
      logFolder: data.logs,
      timers: systemTimers,
      onEvent: (event) => this.onGroupEvent(event),
      services: {
        registry: deployment.registry,
        clock: systemClock,
        random: systemRandom,
        reaper: this.reaper,
        searchPath: process.env['PATH'] ?? '',
        cores: options.cores,
      },
    });
    deployment.autoScaling.attach(this.group);
    this.scaler = new Scaler({
      policies: trackingPolicies(deployment.stack, terms.warmupMs),
      actions: scheduledActions(deployment.stack),
      ...{ metrics: deployment.metrics, group: this.group },
      // Members somebody has listed stay, however idle; a number is the template's to change.
      kept: options.desired === undefined ? options.members.length : keptByGuards(deployment.stack),
      ...{ clock: systemClock, timers: systemTimers },
      onTrouble: (message) => this.trouble.report('scaling', message),
    });
    // What was there when an earlier run ended is there no more, whoever ended it.
    for (const { id } of former) deployment.events.put(terminatedEvent(terms, id));
    const count = options.desired ?? options.members.length;
    await progress.step(`waiting for ${count} ${count === 1 ? 'member' : 'members'}`, () =>
      this.becomeReady(),
    );
    const listener = machineListener(deployment.stack);
    if (listener !== undefined) {
      const isUp = ({ state }: MemberView): boolean => state !== 'dead';
      const targets = (): readonly MemberView[] => this.members().filter(isUp);
      this.network = await startNetworkBalancer(listener, frontDoor.address, targets);
    }
    this.scaler.start();
    this.watching = this.watch();
  }

  get frontDoor(): ClusterView['frontDoor'] {
    return this.services.options.frontDoor;
  }

  get admin(): ClusterView['admin'] {
    const url = new URL(this.deployment?.stack.output('AdminUrl') ?? 'https://0.0.0.0/');
    url.port = String(this.frontDoor.port);
    return { url: url.href, password: this.deployment?.adminPassword ?? '' };
  }

  get vpncmd(): Endpoint | undefined {
    return this.network?.endpoint;
  }

  get operatorFile(): string {
    return this.services.data.operatorFile;
  }

  get operator(): Operator {
    assert(this.deployment !== undefined, 'asked once it runs');
    return this.deployment.operator;
  }

  get certPem(): string {
    return this.deployment?.certPem ?? '';
  }

  members(): readonly MemberView[] {
    return (this.group?.instances ?? []).flatMap(({ agents, pid, running }) =>
      agents.map(({ id, endpoint, pid: agentPid }) => ({
        id,
        ...endpoint,
        pid,
        agentPid,
        state: running ? (this.states.get(id) ?? 'starting') : 'dead',
      })),
    );
  }

  killMember(id: string): void {
    const machine = machineOf(memberId(id));
    this.group?.instances.find((instance) => instance.id === machine)?.kill('SIGKILL');
  }

  scaleIn(id: string): void {
    this.group?.scaleIn(machineOf(memberId(id)));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.watching;
    await this.stateFile.remove();
    await this.network?.stop();
    this.scaler?.stop();
    await this.group?.stop(memberStopMs);
    this.view?.close();
    await this.deployment?.stop();
    this.trouble.close();
    this.reaper.stop();
    await this.services.data.unlock();
  }

  private async becomeReady(): Promise<void> {
    await this.group?.start();
    const deadlineMs = systemClock.monotonicMs() + readyLimitMs;
    for (;;) {
      const problem = await this.refresh();
      const members = this.members();
      if (members.every(({ state }) => state === 'active')) break;
      const dead = members.find(({ state }) => state === 'dead');
      if (dead !== undefined) throw new StartError(this.explain(`member ${dead.id} ended`));
      if (this.stopping) throw new StartError('stopped before it was ready');
      if (systemClock.monotonicMs() > deadlineMs) {
        const seen = members.map(({ id, state }) => `${id} is ${state}`).join(', ');
        throw new StartError(this.explain(problem ?? `after ${readyLimitMs / 1_000} s ${seen}`));
      }
      await this.pause(pollStartingMs);
    }
    this.isReady = true;
    this.showChanges(false);
    await this.writeState();
  }

  /** Keep the state file true until the end. */
  private async watch(): Promise<void> {
    while (!this.stopping) {
      await this.pause(pollRunningMs);
      if (this.stopping) return;
      const problem = await this.refresh();
      if (problem !== undefined) this.trouble.report('administrator', problem);
      this.showChanges(true);
      await this.writeState();
    }
  }

  /** Ask the control plane; what went wrong, if anything did. Old knowledge stays then. */
  private async refresh(): Promise<string | undefined> {
    try {
      this.states = (await this.view?.memberStates()) ?? new Map();
      return undefined;
    } catch (error) {
      return error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    }
  }

  private async writeState(): Promise<void> {
    if (!this.isReady || this.stopping) return;
    const { frontDoor, admin } = this;
    await this.stateFile.write({ ready: true, frontDoor, admin, members: this.members() });
  }

  private showChanges(aloud: boolean): void {
    const now = new Map(this.members().map(({ id, state }) => [id, state]));
    if (aloud) {
      for (const { id, state, ...endpoint } of this.members()) {
        const before = this.shown.get(id);
        if (before === state || state === 'dead') continue;
        this.services.progress.note(`member ${id} at ${endpointText(endpoint)} is ${state}`);
      }
    }
    this.shown = now;
  }

  private onGroupEvent(event: GroupEvent): void {
    this.keepMachines();
    if (!this.isReady) return;
    const note = groupNote(event, this.services.options.replaceAfterMs);
    if (note !== undefined) this.services.progress.note(note);
    this.wake(); // so that the state file tells it now
  }

  /** So that the next run knows which members are no more, should this one be killed. */
  private keepMachines(): void {
    const machines = (this.group?.instances ?? []).map(({ id, pid }) => ({ id, ...markOf(pid) }));
    this.services.data
      .keepMachines(machines)
      .catch((error: unknown) => this.trouble.report('data folder', String(error)));
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = systemTimers.after(delayMs, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }

  private explain(what: string): string {
    const { first } = this.trouble;
    const cause = first === undefined ? '' : `; the first trouble was: ${first}`;
    return `${what}; the logs are in ${this.logFolder}${cause}`;
  }
}
