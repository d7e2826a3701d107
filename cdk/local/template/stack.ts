import { checkProperties } from './check-properties.ts';
import { checkTemplate } from './check-template.ts';
import {
  isCustom,
  isNeedless,
  type LocalAddresses,
  type PhysicalResource,
  physicalNames,
} from './physical.ts';
import { pseudoParameters } from './place.ts';
import { Resolver } from './resolver.ts';
import { type Template, TemplateError } from './template.ts';

/** A resource of the template with everything in it resolved. */
export interface ResolvedResource {
  readonly logicalId: string;
  readonly ref: string;
  readonly attribute: (name: string) => string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface TypedResource {
  readonly logicalId: string;
  readonly type: string;
}

/**
 * The template as deployed here: resources by type, with all references resolved. What a custom
 * resource is called only its function knows: what refers to it resolves once that was said.
 */
export class Stack {
  private readonly template: Template;
  private readonly resolver: Resolver;
  private readonly names: ReturnType<typeof physicalNames>;
  /** What exists: resources whose condition holds. */
  private readonly resources: readonly TypedResource[];
  private readonly resolved = new Map<string, ResolvedResource>();
  /** What functions made. */
  private readonly made = new Map<string, PhysicalResource>();

  /** @throws {TemplateError} on anything in the template nobody here knows. */
  constructor(
    template: Template,
    addresses: LocalAddresses,
    parameters: Readonly<Record<string, string>>,
  ) {
    checkTemplate(template);
    this.template = template;
    this.names = physicalNames(template, addresses);
    const physical = (logicalId: string): PhysicalResource => this.physical(logicalId);
    const inputs = { parameters, pseudoParameters };
    this.resolver = new Resolver(template, { ...inputs, physical });
    this.resources = Object.entries(template.Resources)
      .filter(([, { Type: type }]) => !isNeedless(type))
      .filter(
        ([id, { Condition: condition }]) =>
          condition === undefined || this.resolver.condition(condition, id),
      )
      .map(([logicalId, { Type: type }]) => ({ logicalId, type }));
    const early = new Resolver(template, { ...inputs, physical: this.names });
    for (const { logicalId, type } of this.resources) {
      const at = `Resources.${logicalId}`;
      const properties = template.Resources[logicalId]?.Properties ?? {};
      checkProperties(type, early.resolve(properties, at), at);
    }
  }

  /** A custom resource is there: what its function calls it, and says of it. */
  make(logicalId: string, physical: PhysicalResource): void {
    this.made.set(logicalId, physical);
  }

  /** What functions of the template are to make, in the template's order. */
  customResources(): readonly TypedResource[] {
    return this.resources.filter(({ type }) => isCustom(type));
  }

  /** Resolved: whatever it refers to is made by then. */
  propertiesOf(logicalId: string): Readonly<Record<string, unknown>> {
    return this.resource(logicalId).properties;
  }

  /** All resources of a type whose condition holds, in the template's order. */
  ofType(type: string): ResolvedResource[] {
    return this.resources
      .filter((each) => each.type === type)
      .map(({ logicalId }) => this.resource(logicalId));
  }

  /** The one resource of a type; anything else is an error. */
  only(type: string): ResolvedResource {
    const [first, second] = this.ofType(type);
    if (first === undefined || second !== undefined) {
      throw new TemplateError(`expected exactly one ${type} in the template`);
    }
    return first;
  }

  /** The resource whose `Ref` or attribute is `name`. */
  called(type: string, name: string): ResolvedResource {
    const found = this.ofType(type).find(
      (resource) =>
        resource.ref === name || this.names(resource.logicalId).attribute('Arn') === name,
    );
    if (found === undefined) throw new TemplateError(`no ${type} is called ${name}`);
    return found;
  }

  output(name: string): string {
    const output = this.template.Outputs?.[name];
    if (output === undefined) throw new TemplateError(`the template has no output ${name}`);
    return String(this.resolver.resolve(output.Value, `Outputs.${name}`));
  }

  private physical(logicalId: string): PhysicalResource {
    const made = this.made.get(logicalId);
    if (made !== undefined) return made;
    if (isCustom(this.template.Resources[logicalId]?.Type ?? '')) {
      throw new TemplateError(`${logicalId} is made later here than what refers to it`);
    }
    return this.names(logicalId);
  }

  private resource(logicalId: string): ResolvedResource {
    const known = this.resolved.get(logicalId);
    if (known !== undefined) return known;
    const properties = this.template.Resources[logicalId]?.Properties ?? {};
    const resource = {
      logicalId,
      ref: this.names(logicalId).ref,
      attribute: (name: string) => {
        const value = this.physical(logicalId).attribute(name);
        if (value === undefined) throw new TemplateError(`${logicalId} has no attribute ${name}`);
        return value;
      },
      properties: this.resolver.resolve(properties, `Resources.${logicalId}`) as Record<
        string,
        unknown
      >,
    };
    this.resolved.set(logicalId, resource);
    return resource;
  }
}
