import { join } from 'node:path';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import { LogFile } from '../log-file.ts';
import type { Reaper } from '../process/reaper.ts';
import { TemplateError } from '../template/template.ts';
import { FunctionPool } from './function-pool.ts';
import type { LocalFunction, Outcome } from './function-process.ts';

export interface FunctionServices {
  readonly logFolder: string;
  readonly reaper: Reaper;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onTrouble: (message: string) => void;
  /** Told of each line any of them writes. */
  readonly onLine: (line: string) => void;
}

/** Functions that run here, each in processes of its own. */
export class Functions {
  private readonly pools: readonly FunctionPool[];

  constructor(specs: readonly LocalFunction[], services: FunctionServices) {
    const { logFolder, ...others } = services;
    this.pools = specs.map((spec) => {
      const log = new LogFile(join(logFolder, `${spec.name}.log`));
      return new FunctionPool(spec, { ...others, log });
    });
    for (const pool of this.pools) pool.warm();
  }

  has(nameOrArn: string): boolean {
    return this.find(nameOrArn) !== undefined;
  }

  /** @throws {TemplateError} when no function is called so. */
  called(nameOrArn: string): FunctionPool {
    const found = this.find(nameOrArn);
    if (found === undefined) throw new TemplateError(`no function is called ${nameOrArn}`);
    return found;
  }

  async invoke(nameOrArn: string, event: unknown): Promise<Outcome> {
    return this.called(nameOrArn).invoke(event);
  }

  stop(): void {
    for (const pool of this.pools) pool.stop();
  }

  private find(nameOrArn: string): FunctionPool | undefined {
    return this.pools.find(({ spec }) => spec.arn === nameOrArn || spec.name === nameOrArn);
  }
}
