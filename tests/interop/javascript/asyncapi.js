// Checks the AsyncAPI document of standard input with the official parser and with Spectral's rules for AsyncAPI.
// Prints a list of diagnostics for each of them.
import { text } from "node:stream/consumers";
import { Parser } from "@asyncapi/parser";
import spectral from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";

const document = await text(process.stdin);
const linter = new spectral.Spectral();
linter.setRuleset({ extends: [[rulesets.asyncapi, "all"]] });
const { diagnostics } = await new Parser().parse(document);
const found = { parser: diagnostics, spectral: await linter.run(document) };
const shown = ({ code, severity, path, message }) => ({ code, severity, path: path.join("/"), message });
console.log(JSON.stringify(Object.fromEntries(Object.entries(found).map(([tool, list]) => [tool, list.map(shown)]))));
