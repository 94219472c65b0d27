import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CatalogueService } from "./gen/studio/orders/v1/catalogue_service_pb.js";

const transport = createGrpcTransport({ baseUrl: process.env.ORDERS ?? "http://127.0.0.1:7102" });
const catalogue = createClient(CatalogueService, transport);

// What is for sale, and at which price, needs no token.
const { products } = await catalogue.listProducts({ pageSize: 10 });
for (const { code, current } of products) {
  const price = current?.terms?.price;
  console.log(code, current?.terms?.name, `${Number(price?.minor ?? 0n) / 100} ${price?.currency}`);
}
