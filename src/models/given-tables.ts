/** The API's four tables in the schema `public`. This worker queries them, creates missing ones, and never alters them. */
import { relations } from 'drizzle-orm';
import { boolean, integer, json, numeric, pgTable, serial, text, timestamp, varchar } from 'drizzle-orm/pg-core';

const timestamps = {
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
};

export const clients = pgTable('clients', {
  id: serial('id').primaryKey(),
  name: varchar('name', { length: 255 }).notNull(),
  email: varchar('email', { length: 255 }).unique(),
  phone: varchar('phone', { length: 255 }),
  ...timestamps,
});

export const sellers = pgTable('sellers', {
  id: serial('id').primaryKey(),
  name: varchar('name', { length: 255 }).notNull(),
  email: varchar('email', { length: 255 }).notNull().unique(),
  phone: varchar('phone', { length: 255 }),
  active: boolean('active').notNull().default(true),
  /** The seller's hint for the classifier. Older databases lack the column. */
  prompt: text('prompt').default(''),
  ...timestamps,
});

export const meetings = pgTable('meetings', {
  id: serial('id').primaryKey(),
  clientId: integer('client_id').notNull(),
  sellerId: integer('seller_id').notNull(),
  meetingAt: timestamp('meeting_at', { withTimezone: true }).notNull(),
  closed: boolean('closed').notNull().default(false),
  transcript: text('transcript'),
  ...timestamps,
});

export const meetingsClassifications = pgTable('meetings_classifications', {
  id: serial('id').primaryKey(),
  meetingId: integer('meeting_id').notNull().unique(),
  businessSector: text('business_sector'),
  companySize: text('company_size'),
  region: text('region'),
  leadSource: text('lead_source'),
  vambeProduct: text('vambe_product'),
  useCase: text('use_case'),
  primaryPainPoint: text('primary_pain_point'),
  decisionMakerRole: text('decision_maker_role'),
  purchaseStage: text('purchase_stage'),
  language: text('language'),
  urgency: boolean('urgency'),
  lostClientBadMeeting: boolean('lost_client_bad_meeting'),
  categories: json('categories').$type<string[]>().notNull().default([]),
  confidenceScore: numeric('confidence_score', { precision: 3, scale: 2 }).notNull().default('0'),
  sentiment: varchar('sentiment', { length: 20 }).notNull(),
  keyTopics: json('key_topics').$type<string[]>().notNull().default([]),
  actionItems: json('action_items').$type<string[]>().notNull().default([]),
  nextSteps: text('next_steps'),
  summary: text('summary'),
  modelUsed: varchar('model_used', { length: 100 }).notNull(),
  processedAt: timestamp('processed_at', { withTimezone: true }).notNull().defaultNow(),
  processingTimeMs: integer('processing_time_ms'),
  ...timestamps,
});

export const givenTables = { clients, sellers, meetings, meetings_classifications: meetingsClassifications };

export const givenRelations = {
  clientsRelations: relations(clients, ({ many }) => ({ meetings: many(meetings) })),
  sellersRelations: relations(sellers, ({ many }) => ({ meetings: many(meetings) })),
  meetingsRelations: relations(meetings, ({ one }) => ({
    client: one(clients, { fields: [meetings.clientId], references: [clients.id] }),
    seller: one(sellers, { fields: [meetings.sellerId], references: [sellers.id] }),
    classification: one(meetingsClassifications, {
      fields: [meetings.id],
      references: [meetingsClassifications.meetingId],
    }),
  })),
  meetingsClassificationsRelations: relations(meetingsClassifications, ({ one }) => ({
    meeting: one(meetings, { fields: [meetingsClassifications.meetingId], references: [meetings.id] }),
  })),
};
