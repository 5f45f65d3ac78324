// Compiles JSON Schemas in ajv's strict mode, and validates the data of messages with them. The input is an object with
// `schemas` (by name) and `messages` (pairs of a name and data). Prints a list of errors.
import { text } from "node:stream/consumers";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";

const { schemas, messages } = JSON.parse(await text(process.stdin));
const ajv = formats.default(new Ajv.default({ strict: true, allErrors: true }));
const errors = [];
const validators = {};
for (const [name, schema] of Object.entries(schemas)) {
  try {
    validators[name] = ajv.compile(schema);
  } catch (error) {
    errors.push(`${name}: ${error.message}`);
  }
}
for (const [name, data] of messages) {
  const validate = validators[name];
  if (validate && !validate(data)) {
    errors.push(`data of ${name}: ${ajv.errorsText(validate.errors)}`);
  }
}
console.log(JSON.stringify(errors));
