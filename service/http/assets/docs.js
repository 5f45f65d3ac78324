"use strict";

// The page may be behind a base path, which only its own address shows.
const ROOT = new URL(".", location.href).href.replace(/\/$/, "");

// Swagger UI fills in the examples of parameters, so that each request would have all optional ones. An example of an
// item is filled in only when an item is added, instead of a random text that matches the pattern.
function withoutFilledExamples(contract) {
  for (const { get } of Object.values(contract.paths)) {
    for (const parameter of (get.parameters || []).filter((one) => !one.required && "example" in one)) {
      const values = [parameter.example].flat();
      parameter.description += `\n\nExample: ${values.map((value) => `\`${value}\``).join(", ")}`;
      if (parameter.schema.items) parameter.schema.items.example = values[0];
      delete parameter.example;
    }
  }
  return contract;
}

// Swagger UI shows how to send a request with curl only after it has sent it.
function curlSamples(contract) {
  function command(system, path, method) {
    let url = ROOT + path;
    try {
      const { operationId } = contract.paths[path][method];
      const parameters = system.specSelectors.parameterValues([path, method]).toJS();
      url = system.fn.buildRequest({ spec: contract, operationId, parameters, server: ROOT }).url;
    } catch {
      // A required parameter has no value yet.
    }
    return `curl -H "Authorization: Bearer $TOKEN" '${url}'`;
  }
  return ({ React }) => ({
    wrapComponents: {
      curl: () => () => null,
      responses: (Responses, system) => (props) =>
        React.createElement(
          React.Fragment,
          null,
          React.createElement("div", { className: "opblock-section-header" }, React.createElement("h4", null, "curl")),
          React.createElement("pre", { className: "curl-sample" }, command(system, props.path, props.method)),
          React.createElement(Responses, props),
        ),
    },
  });
}

async function show() {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status} ${answer.statusText}`);
  const contract = withoutFilledExamples(await answer.json());
  contract.servers = [{ url: ROOT }];
  SwaggerUIBundle({
    spec: contract,
    dom_id: "#docs",
    plugins: [curlSamples(contract)],
    deepLinking: true,
    defaultModelRendering: "model",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}

show().catch((error) => document.getElementById("docs").replaceChildren(String(error)));
