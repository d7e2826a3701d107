/** The parts of a CloudFormation template the local stack looks at. */
export interface Template {
  readonly Parameters?: Readonly<Record<string, Parameter>>;
  readonly Mappings?: Readonly<Record<string, Mapping>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Rules?: Readonly<Record<string, unknown>>;
}

export interface Parameter {
  readonly Type: string;
  readonly Default?: unknown;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly unknown[];
}

type Mapping = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
  readonly UpdatePolicy?: Readonly<Record<string, unknown>>;
}

/** The template asks for something the local stack does not know; the message says what. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
