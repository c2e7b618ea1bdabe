// An HTTP API behind Keyturn's authorizer, by the AWS CDK.
import { App, CfnOutput, CfnParameter, Duration, Stack } from "aws-cdk-lib";
import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";

const app = new App();
const stack = new Stack(app, "keyturn-example", { analyticsReporting: false });
const arn = new CfnParameter(stack, "KeyturnAuthorizerArn").valueAsString;

// sameEnvironment: the CDK then gives the API the permission to call the authorizer.
const keyturn = Function.fromFunctionAttributes(stack, "Keyturn", { functionArn: arn, sameEnvironment: true });
const authorizer = new HttpLambdaAuthorizer("Authorizer", keyturn, {
  responseTypes: [HttpLambdaResponseType.SIMPLE],
  identitySource: ["$request.header.Authorization"],
  resultsCacheTtl: Duration.seconds(0), // the default keeps a result for five minutes, beyond a revocation
});

const backend = new Function(stack, "Backend", {
  runtime: Runtime.PYTHON_3_13,
  handler: "backend.lambda_handler",
  code: Code.fromAsset("../http-api/backend"),
});
const api = new HttpApi(stack, "Api", { defaultAuthorizer: authorizer });
api.addRoutes({
  path: "/reports",
  methods: [HttpMethod.GET, HttpMethod.POST],
  integration: new HttpLambdaIntegration("BackendIntegration", backend),
});
new CfnOutput(stack, "ReportsUrl", { value: `${api.apiEndpoint}/reports` });
app.synth();
