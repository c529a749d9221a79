// What a thumbnail function in Node.js does before its first invocation: loads sharp and the S3 client, makes the client,
// and asks the Runtime API for work. Lambda's own Node.js runtime does more than these lines do.
import http from "node:http";
import { S3Client } from "@aws-sdk/client-s3";
import sharp from "sharp";

export const engine = { sharp, s3: new S3Client({ region: "us-east-1" }) };

http.get(`http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next`);
