import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Assembly } from '#cdk/local/synth/assembly.ts';
import { synthesize } from '#cdk/local/synth/synthesize.ts';

type Properties = Readonly<Record<string, unknown>>;

/** A resource of a synthesized template. */
export interface SynthesizedResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Properties;
  readonly deletionPolicy: string | undefined;
  readonly updatePolicy: Properties;
  /** Logical ids of what is made before it, where that is said. */
  readonly dependsOn: readonly string[];
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** A template as tests ask about it. */
export interface SynthesizedTemplate {
  /** Values by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Parameters somebody has to give. */
  readonly asked: readonly string[];
  all(): SynthesizedResource[];
  of(type: string): SynthesizedResource[];
  /** The one of its type. */
  only(type: string): SynthesizedResource;
  /** The resource whose logical id begins so. */
  called(type: string, prefix: string): SynthesizedResource;
  /** The function whose code is in `functions/<folder>`. */
  functionCalled(folder: string): SynthesizedResource;
  /** Statements of every policy of the role whose logical id begins so. */
  statementsOf(role: string): Statement[];
}

export interface Synthesized extends SynthesizedTemplate {
  readonly assembly: Assembly;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The template `cdk deploy` deploys, with its bundles. Made once for each state of the sources,
 * whoever asks first: other test files, the local stack.
 */
export async function synthesized(): Promise<Synthesized> {
  const folder = join(root, '.local', 'cdk.out');
  const { assembly } = await synthesize({ root, folder, environment: process.env });
  return { ...templateOf(assembly.template as RawTemplate), assembly };
}

interface RawTemplate {
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: Properties;
        readonly DeletionPolicy?: string;
        readonly UpdatePolicy?: Properties;
        readonly DependsOn?: string | readonly string[];
      }
    >
  >;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

export function templateOf(template: RawTemplate): SynthesizedTemplate {
  const all = (): SynthesizedResource[] =>
    Object.entries(template.Resources).map(([id, resource]) => ({
      id,
      type: resource.Type,
      properties: resource.Properties ?? {},
      deletionPolicy: resource.DeletionPolicy,
      updatePolicy: resource.UpdatePolicy ?? {},
      dependsOn: [resource.DependsOn ?? []].flat(),
    }));
  const of = (type: string): SynthesizedResource[] =>
    all().filter((resource) => resource.type === type);
  const called = (type: string, prefix: string): SynthesizedResource => {
    const found = of(type).find(({ id }) => id.startsWith(prefix));
    if (found === undefined) throw new Error(`no ${type} ${prefix}…`);
    return found;
  };
  return {
    outputs: Object.fromEntries(
      Object.entries(template.Outputs ?? {}).map(([name, { Value: value }]) => [name, value]),
    ),
    asked: Object.entries(template.Parameters ?? {})
      .filter(([, parameter]) => parameter.Default === undefined)
      .map(([name]) => name),
    all,
    of,
    only: (type) => {
      const [first, second] = of(type);
      if (first === undefined || second !== undefined) throw new Error(`not one ${type}`);
      return first;
    },
    called,
    functionCalled: (folder) => called('AWS::Lambda::Function', `${constructOf(folder)}Function`),
    statementsOf: (role) =>
      of('AWS::IAM::Policy')
        .filter(({ properties }) => text(properties['Roles']).includes(`"${role}`))
        .flatMap(
          ({ properties }) =>
            (properties['PolicyDocument'] as { Statement: Statement[] }).Statement,
        ),
  };
}

/** Logical ids begin with the construct's: `agent-api` is `AgentApi`. */
export function constructOf(folder: string): string {
  if (folder === 'certificate') return 'CertificateSelfSigned';
  return folder.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
}

export const text = (value: unknown): string => JSON.stringify(value);
