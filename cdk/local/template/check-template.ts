import { type Template, TemplateError } from './template.ts';

const sections = new Set([
  ...['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings'],
  ...['Conditions', 'Resources', 'Outputs', 'Rules'],
]);
/** The CDK's own rule: that its bootstrap stack is new enough. No other rule is evaluated here. */
const bootstrapRule = 'CheckBootstrapVersion';

const resourceFields = new Set([
  ...['Type', 'Properties', 'Condition', 'Metadata', 'UpdatePolicy'],
  'DependsOn', // things are created in this machine's own order
  ...['DeletionPolicy', 'UpdateReplacePolicy'], // nothing is deleted; the data folder stays
]);
/** How AWS brings a changed template to a group; here the cluster is started again. */
const updatePolicies = new Set([
  'AutoScalingRollingUpdate',
  'AutoScalingInstanceRefresh',
  'AutoScalingScheduledAction',
]);

/** Everything around the resources' properties is understood here, or it is an error. */
export function checkTemplate(template: Template): void {
  for (const section of Object.keys(template)) {
    if (!sections.has(section)) {
      throw new TemplateError(`the local stack does not know the template's section ${section}`);
    }
  }
  for (const rule of Object.keys(template.Rules ?? {})) {
    if (rule !== bootstrapRule) throw new TemplateError(`Rules.${rule}: rules are not known here`);
  }
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    for (const field of Object.keys(resource)) {
      if (resourceFields.has(field)) continue;
      throw new TemplateError(`Resources.${logicalId}: ${field} is not known here`);
    }
    for (const policy of Object.keys(resource.UpdatePolicy ?? {})) {
      if (updatePolicies.has(policy)) continue;
      throw new TemplateError(`Resources.${logicalId}: UpdatePolicy.${policy} is not known here`);
    }
  }
}
