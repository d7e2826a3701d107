/** What is done to a cluster while two clients talk through it, in the order of the table. */
export const caseNames = [
  'agent',
  'member',
  'silent',
  'cut',
  'drain',
  'front-door',
  'store',
] as const;
export type CaseName = (typeof caseNames)[number];

export interface FailoverCase {
  readonly title: string;
  readonly goal: string;
  /** An outage ends by itself after a while, and no session should notice it. */
  readonly isOutage: boolean;
  /** Of a whole run without the outage: until some were measured, what to expect. */
  readonly guessMs: number;
}

export const failoverCases: Readonly<Record<CaseName, FailoverCase>> = {
  agent: {
    title: 'kill -9 of the agent process',
    goal: 'back in 7 s',
    isOutage: false,
    guessMs: 30_000,
  },
  member: {
    title: 'kill -9 of the whole member',
    goal: 'back in 10.5 s',
    isOutage: false,
    guessMs: 40_000,
  },
  silent: {
    title: 'member frozen (SIGSTOP)',
    goal: 'back in 20 s',
    isOutage: false,
    guessMs: 55_000,
  },
  cut: {
    title: 'member cut off the network',
    goal: 'back in 20 s',
    isOutage: false,
    guessMs: 55_000,
  },
  drain: {
    title: 'drain (SIGTERM)',
    goal: 'back in 7 s',
    isOutage: false,
    guessMs: 35_000,
  },
  'front-door': {
    title: 'front door silent',
    goal: 'no ping lost',
    isOutage: true,
    guessMs: 35_000,
  },
  store: {
    title: 'DynamoDB silent',
    goal: 'no ping lost',
    isOutage: true,
    guessMs: 35_000,
  },
};
