"""AWS's prices in us-east-1, in dollars, with their sources.

Lambda: https://aws.amazon.com/lambda/pricing/ (arm64, first tier; a started millisecond is billed whole).
DynamoDB: https://aws.amazon.com/dynamodb/pricing/on-demand/ (Standard table class, since the halving of November 2024:
https://aws.amazon.com/blogs/database/new-amazon-dynamodb-lowers-pricing-for-on-demand-throughput-and-global-tables/).
CloudWatch Logs: https://aws.amazon.com/cloudwatch/pricing/ (ingestion, Standard log class, first tier).
Free tiers, storage and the fees of API Gateway are left aside.
"""

from __future__ import annotations

MILLION = 1_000_000

LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / MILLION
READ_REQUEST_UNIT = 0.125 / MILLION
WRITE_REQUEST_UNIT = 0.625 / MILLION
LOG_BYTE = 0.50 / 1e9
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html: what an event counts for
# besides its message. Counted here although the price list is silent about it.
LOG_EVENT_BYTES = 26
HOURS_A_MONTH = 730
