import type { PhysicalResource } from './physical.ts';
import { type Parameter, type Template, TemplateError } from './template.ts';

export interface ResolverInputs {
  /** Values of the template's parameters; those missing take their default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `AWS::Region` and its like. */
  readonly pseudoParameters: Readonly<Record<string, string>>;
  /** What `Ref` and `Fn::GetAtt` of a resource give. */
  readonly physical: (logicalId: string) => PhysicalResource;
}

type Intrinsic = (argument: unknown, at: string) => unknown;

/** Drops a property: CloudFormation's `AWS::NoValue`. */
const noValue = Symbol('AWS::NoValue');

/**
 * Resolves intrinsic functions as CloudFormation documents them. One it does not know is an error
 * that names it, never a guess: a template must not mean something else on this machine.
 */
export class Resolver {
  private readonly intrinsics: Readonly<Record<string, Intrinsic>> = {
    Ref: (name, at) => this.ref(this.text(name, at), at),
    'Fn::GetAtt': (argument, at) => this.getAttribute(argument, at),
    'Fn::Join': (argument, at) => {
      const [separator, values] = this.list(argument, at);
      return this.list(values, at)
        .map((value) => this.text(value, at))
        .join(this.text(separator, at));
    },
    'Fn::Sub': (argument, at) => this.substitute(argument, at),
    'Fn::Select': (argument, at) => {
      const [index, values] = this.list(argument, at);
      const chosen = this.list(values, at)[Number(this.resolve(index, at))];
      return chosen === undefined ? fail(at, 'Fn::Select beyond the list') : chosen;
    },
    'Fn::Split': (argument, at) => {
      const [separator, text] = this.list(argument, at);
      return this.text(text, at).split(this.text(separator, at));
    },
    'Fn::Base64': (argument, at) => Buffer.from(this.text(argument, at)).toString('base64'),
    'Fn::FindInMap': (argument, at) => this.findInMap(argument, at),
    'Fn::GetAZs': (_, at) => {
      const region = this.text({ Ref: 'AWS::Region' }, at);
      return [`${region}a`, `${region}b`];
    },
    'Fn::If': (argument, at) => {
      const [condition, yes, no] = this.list(argument, at, false);
      return this.resolveOrDrop(this.condition(String(condition), at) ? yes : no, at);
    },
    'Fn::Equals': (argument, at) => {
      const [left, right] = this.list(argument, at);
      return this.text(left, at) === this.text(right, at);
    },
    'Fn::And': (argument, at) => this.list(argument, at).every((value) => value === true),
    'Fn::Or': (argument, at) => this.list(argument, at).some((value) => value === true),
    'Fn::Not': (argument, at) => this.list(argument, at)[0] !== true,
  };
  private readonly template: Template;
  private readonly inputs: ResolverInputs;

  constructor(template: Template, inputs: ResolverInputs) {
    this.template = template;
    this.inputs = inputs;
  }

  /** `value` with every intrinsic in it resolved; `at` is its place, for messages. */
  resolve(value: unknown, at: string): unknown {
    const resolved = this.resolveOrDrop(value, at);
    return resolved === noValue ? undefined : resolved;
  }

  /** Whether a named condition holds. */
  condition(name: string, at: string): boolean {
    const condition = this.template.Conditions?.[name];
    if (condition === undefined) return fail(at, `unknown condition ${name}`);
    return this.resolve(condition, `Conditions.${name}`) === true;
  }

  private resolveOrDrop(value: unknown, at: string): unknown {
    if (Array.isArray(value)) {
      return value
        .map((item: unknown, index) => this.resolveOrDrop(item, `${at}[${index}]`))
        .filter((item) => item !== noValue);
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) {
      const [name, argument] = only;
      const intrinsic = this.intrinsics[name];
      if (intrinsic !== undefined) return intrinsic(argument, at);
      if (name === 'Condition' && typeof argument === 'string') return this.condition(argument, at);
      if (name.startsWith('Fn::')) return fail(at, `unknown intrinsic function ${name}`);
    }
    return Object.fromEntries(
      entries
        .map(([name, item]) => [name, this.resolveOrDrop(item, `${at}.${name}`)] as const)
        .filter(([, item]) => item !== noValue),
    );
  }

  private ref(name: string, at: string): unknown {
    if (name === 'AWS::NoValue') return noValue;
    const pseudo = this.inputs.pseudoParameters[name];
    if (pseudo !== undefined) return pseudo;
    if (name.startsWith('AWS::')) return fail(at, `unknown pseudo parameter ${name}`);
    const parameter = this.template.Parameters?.[name];
    if (parameter !== undefined) {
      return parameterValue(name, parameter, this.inputs.parameters[name], at);
    }
    return this.physical(name, at).ref;
  }

  private getAttribute(argument: unknown, at: string): string {
    const [logicalId, name] =
      typeof argument === 'string' ? splitOnce(argument) : this.texts(argument, at);
    if (logicalId === undefined || name === undefined) return fail(at, 'malformed Fn::GetAtt');
    const value = this.physical(logicalId, at).attribute(name);
    return value ?? fail(at, `unknown attribute ${name} of ${logicalId}`);
  }

  private physical(logicalId: string, at: string): PhysicalResource {
    if (this.template.Resources[logicalId] === undefined) {
      return fail(at, `unknown reference ${logicalId}`);
    }
    return this.inputs.physical(logicalId);
  }

  private substitute(argument: unknown, at: string): string {
    const [format, variables] = Array.isArray(argument) ? argument : [argument, {}];
    const local = this.resolve(variables, at) as Record<string, unknown>;
    return this.text(format, at).replace(
      /\$\{(!?)([^}]+)\}/g,
      (_, literal: string, name: string) => {
        if (literal !== '') return `\${${name}}`;
        if (name in local) return this.text(local[name], at);
        return this.text(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }, at);
      },
    );
  }

  private findInMap(argument: unknown, at: string): unknown {
    const [map, top, second] = this.texts(argument, at);
    const value = this.template.Mappings?.[map ?? '']?.[top ?? '']?.[second ?? ''];
    return value ?? fail(at, `nothing at ${map}.${top}.${second} in Mappings`);
  }

  /** A list; its items stay unresolved if `deep` is false. */
  private list(value: unknown, at: string, deep = true): unknown[] {
    const list = Array.isArray(value) && !deep ? value : this.resolve(value, at);
    return Array.isArray(list) ? list : fail(at, 'expected a list');
  }

  private texts(value: unknown, at: string): string[] {
    return this.list(value, at).map((item) => this.text(item, at));
  }

  private text(value: unknown, at: string): string {
    const resolved = this.resolve(value, at);
    if (typeof resolved === 'string') return resolved;
    if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    return fail(at, `expected text, found ${JSON.stringify(resolved)}`);
  }
}

function parameterValue(
  name: string,
  { Default: usual, AllowedPattern: pattern, AllowedValues: allowed }: Parameter,
  given: string | undefined,
  at: string,
): unknown {
  const value = given ?? usual;
  if (value === undefined) return fail(at, `parameter ${name} has no value`);
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(String(value))) {
    return fail(at, `parameter ${name} does not match its AllowedPattern ${pattern}`);
  }
  if (allowed !== undefined && !allowed.map(String).includes(String(value))) {
    return fail(at, `parameter ${name} must be one of ${allowed.join(', ')}`);
  }
  return value;
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}

function fail(at: string, what: string): never {
  throw new TemplateError(`${at}: ${what}`);
}
