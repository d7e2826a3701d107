import { checkProperties } from './check-properties.ts';
import { checkTemplate } from './check-template.ts';
import { isNeedless, type LocalAddresses, physicalNames } from './physical.ts';
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

interface TypedResource {
  readonly type: string;
  readonly resolved: ResolvedResource;
}

/** The template as deployed here: resources by type, with all references resolved. */
export class Stack {
  private readonly template: Template;
  private readonly resolver: Resolver;
  private readonly names: ReturnType<typeof physicalNames>;
  /** What exists: resources whose condition holds. */
  private readonly resources: readonly TypedResource[];

  /** @throws {TemplateError} on anything in the template nobody here knows. */
  constructor(
    template: Template,
    addresses: LocalAddresses,
    parameters: Readonly<Record<string, string>>,
  ) {
    checkTemplate(template);
    this.template = template;
    this.names = physicalNames(template, addresses);
    this.resolver = new Resolver(template, {
      parameters,
      pseudoParameters,
      physical: this.names,
    });
    this.resources = Object.entries(template.Resources)
      .filter(([, { Type: type }]) => !isNeedless(type))
      .filter(
        ([id, { Condition: condition }]) =>
          condition === undefined || this.resolver.condition(condition, id),
      )
      .map(([logicalId, { Type: type, Properties: properties }]) => {
        const resolved = this.resolved(logicalId, properties ?? {});
        checkProperties(type, resolved.properties, `Resources.${logicalId}`);
        return { type, resolved };
      });
  }

  /** All resources of a type whose condition holds, in the template's order. */
  ofType(type: string): ResolvedResource[] {
    return this.resources.filter((each) => each.type === type).map(({ resolved }) => resolved);
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

  private resolved(
    logicalId: string,
    properties: Readonly<Record<string, unknown>>,
  ): ResolvedResource {
    const physical = this.names(logicalId);
    return {
      logicalId,
      ref: physical.ref,
      attribute: (name) => {
        const value = physical.attribute(name);
        if (value === undefined) throw new TemplateError(`${logicalId} has no attribute ${name}`);
        return value;
      },
      properties: this.resolver.resolve(properties, `Resources.${logicalId}`) as Record<
        string,
        unknown
      >,
    };
  }
}
