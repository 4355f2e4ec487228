import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='relationship',
            name='reports_to',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='leads_as', to='customers.party', verbose_name='reports to'),
        ),
        migrations.AddField(
            model_name='relationship',
            name='reports_to_origin',
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='relationship',
            name='kind',
            field=models.CharField(choices=[('works_at', 'works at'), ('household', 'lives in a household with'), ('parent', 'belongs to'), ('referred_by', 'was referred by'), ('sells_for', 'sells for')], max_length=12, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='relationship',
            index=models.Index(condition=models.Q(('reports_to_origin__isnull', False)), fields=['reports_to_origin'], name='relationship_superior_origin'),
        ),
        migrations.AddIndex(
            model_name='relationship',
            index=models.Index(condition=models.Q(('reports_to__isnull', False)), fields=['reports_to'], name='relationship_superior'),
        ),
        migrations.AddConstraint(
            model_name='relationship',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('party', models.F('reports_to')), _negated=True), ('origin__isnull', False), ('reports_to_origin__isnull', False), _connector='OR'), name='relationship_not_under_oneself'),
        ),
        migrations.AddConstraint(
            model_name='relationship',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'works_at'), ('reports_to__isnull', True), _connector='OR'), name='relationship_superior_at_work'),
        ),
    ]
