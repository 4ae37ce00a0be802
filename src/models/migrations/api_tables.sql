-- The four tables that the API owns, for a database without the API. No migration runs this file: `vambe migrate --create-api-tables`
-- does, and each start on the embedded database. Each table is made only where it is absent; one that exists is never touched.
DO $$
BEGIN
  IF to_regclass('public.clients') IS NULL THEN
    CREATE TABLE public.clients (
      id serial PRIMARY KEY,
      name varchar(255) NOT NULL,
      email varchar(255) UNIQUE,
      phone varchar(255),
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX clients_email_index ON public.clients (email);
    CREATE INDEX clients_phone_index ON public.clients (phone);
  END IF;

  IF to_regclass('public.sellers') IS NULL THEN
    CREATE TABLE public.sellers (
      id serial PRIMARY KEY,
      name varchar(255) NOT NULL,
      email varchar(255) NOT NULL UNIQUE,
      phone varchar(255),
      active boolean NOT NULL DEFAULT true,
      prompt text DEFAULT '',
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX sellers_active_index ON public.sellers (active);
    CREATE INDEX sellers_email_index ON public.sellers (email);
  END IF;

  IF to_regclass('public.meetings') IS NULL THEN
    CREATE TABLE public.meetings (
      id serial PRIMARY KEY,
      client_id integer NOT NULL REFERENCES public.clients (id) ON UPDATE CASCADE ON DELETE CASCADE,
      seller_id integer NOT NULL REFERENCES public.sellers (id) ON UPDATE CASCADE ON DELETE RESTRICT,
      meeting_at timestamptz NOT NULL,
      closed boolean NOT NULL DEFAULT false,
      transcript text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX meetings_client_id_index ON public.meetings (client_id);
    CREATE INDEX meetings_seller_id_index ON public.meetings (seller_id);
    CREATE INDEX meetings_meeting_at_index ON public.meetings (meeting_at);
    CREATE INDEX meetings_closed_index ON public.meetings (closed);
  END IF;

  IF to_regclass('public.meetings_classifications') IS NULL THEN
    CREATE TABLE public.meetings_classifications (
      id serial PRIMARY KEY,
      meeting_id integer NOT NULL CONSTRAINT meetings_classifications_meeting_id_fkey
        REFERENCES public.meetings (id) ON UPDATE CASCADE ON DELETE CASCADE,
      business_sector text,
      company_size text,
      region text,
      lead_source text,
      vambe_product text,
      use_case text,
      primary_pain_point text,
      decision_maker_role text,
      purchase_stage text,
      language text,
      urgency boolean,
      lost_client_bad_meeting boolean,
      categories json NOT NULL DEFAULT '[]',
      confidence_score numeric(3, 2) NOT NULL DEFAULT 0,
      sentiment varchar(20) NOT NULL,
      key_topics json NOT NULL DEFAULT '[]',
      action_items json NOT NULL DEFAULT '[]',
      next_steps text,
      summary text,
      model_used varchar(100) NOT NULL,
      processed_at timestamptz NOT NULL DEFAULT now(),
      processing_time_ms integer,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX meetings_classifications_meeting_id_unique ON public.meetings_classifications (meeting_id);
    CREATE INDEX meetings_classifications_processed_at_index ON public.meetings_classifications (processed_at);
  END IF;
END
$$;
